/**
 * The metrics port on prom-client. A metric is made when its first measurement comes, from its line in
 * `DOCUMENTED_METRICS`; a name without a line, or one of another kind, is counted and not exported.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Labels, Metrics } from '../../ports/telemetry.ts'
import { DOCUMENTED_METRICS, type DocumentedMetric } from './documented-metrics.ts'

const UNDOCUMENTED = 'kasaga_undocumented_metrics_total'

type Kinds = {
  readonly counter: Counter
  readonly gauge: Gauge
  readonly histogram: Histogram
}

function create<Kind extends keyof Kinds>(kind: Kind, name: string, registry: Registry): Kinds[Kind] | undefined {
  const line: DocumentedMetric | undefined = DOCUMENTED_METRICS[name]
  if (line?.kind !== kind) return undefined
  const { help, labels, buckets = [] } = line
  const own = { name, help, labelNames: [...labels], registers: [registry] }
  const make: { readonly [K in keyof Kinds]: () => Kinds[K] } = {
    counter: () => new Counter(own),
    gauge: () => new Gauge(own),
    histogram: () => new Histogram({ ...own, buckets: [...buckets] }),
  }
  return make[kind]()
}

/** The labels that the metric's line names: prom-client throws on any other, and a measurement must not. */
function documented(name: string, labels: Labels): Record<string, string | number> {
  const known = DOCUMENTED_METRICS[name]?.labels ?? []
  return Object.fromEntries(Object.entries(labels).filter(([label]) => known.includes(label)))
}

/** Makes a source of metrics that come out of the registry. */
export function prometheusMetrics(registry: Registry): Metrics {
  const counters = new Map<string, Counter | undefined>()
  const gauges = new Map<string, Gauge | undefined>()
  const histograms = new Map<string, Histogram | undefined>()

  const named = <Kind extends keyof Kinds>(
    kind: Kind,
    name: string,
    known: Map<string, Kinds[Kind] | undefined>,
  ): Kinds[Kind] | undefined => {
    if (!known.has(name)) known.set(name, create(kind, name, registry))
    const metric = known.get(name)
    if (!metric) count(UNDOCUMENTED, { name }, 1)
    return metric
  }

  const count = (name: string, labels: Labels, by: number): void => {
    named('counter', name, counters)?.inc(documented(name, labels), by)
  }

  return {
    count: (name, labels = {}, by = 1) => count(name, labels, by),
    gauge: (name, value, labels = {}) => named('gauge', name, gauges)?.set(documented(name, labels), value),
    observe: (name, value, labels = {}) =>
      named('histogram', name, histograms)?.observe(documented(name, labels), value),
  }
}
