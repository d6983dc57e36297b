/** Metrics on prom-client and log lines on pino: what comes out, and what must not. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { pinoLog } from '../../shared/adapters/pino/pino-log.ts'
import { DOCUMENTED_METRICS } from '../../shared/adapters/prometheus/documented-metrics.ts'
import { prometheusMetrics } from '../../shared/adapters/prometheus/prometheus-metrics.ts'

test('a metric is there from its first measurement, with its labels', async () => {
  const registry = new Registry()
  const metrics = prometheusMetrics(registry)
  expect(await registry.metrics()).toBe('\n')
  metrics.count('kasaga_events_total', {}, 3)
  metrics.count('kasaga_inputs_ignored_total', { reason: 'saga-ended', saga: 'order-1' })
  metrics.gauge('kasaga_live_sagas', 7, { partition: 2 })
  metrics.observe('kasaga_http_request_ms', 30, { method: 'GET', route: '/' })
  const text = await registry.metrics()
  expect(text).toContain('kasaga_events_total 3\n')
  expect(text).toContain('kasaga_inputs_ignored_total{reason="saga-ended"} 1\n')
  expect(text).toContain('kasaga_live_sagas{partition="2"} 7\n')
  expect(text).toContain('kasaga_http_request_ms_bucket{le="50",method="GET",route="/"} 1\n')
  expect(text).not.toContain('order-1')
})

test('a name without a line, or of another kind, is counted and not exported', async () => {
  const registry = new Registry()
  const metrics = prometheusMetrics(registry)
  metrics.count('kasaga_surprises_total')
  metrics.gauge('kasaga_events_total', 1)
  const text = await registry.metrics()
  expect(text).toContain('kasaga_undocumented_metrics_total{name="kasaga_surprises_total"} 1')
  expect(text).toContain('kasaga_undocumented_metrics_total{name="kasaga_events_total"} 1')
  expect(text).not.toMatch(/^kasaga_(surprises|events)_total/m)
})

function sources(): string[] {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  return ['shared', 'services']
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(root, folder, path)),
    )
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(path, 'utf8'))
}

test('every metric that the code measures has its line', () => {
  const measured = sources()
    .flatMap((source) => [...source.matchAll(/\b(?:count|gauge|observe)\(\s*'(kasaga_\w+)'/g)])
    .map(([, name = '']) => name)
  expect(measured.length).toBeGreaterThan(10)
  expect(measured.filter((name) => !Object.hasOwn(DOCUMENTED_METRICS, name))).toEqual([])
})

test('every label that the code measures by is one of the metric’s', () => {
  const measured = sources().flatMap((source) => [
    ...source.matchAll(/\b(?:count|gauge|observe)\(\s*'(kasaga_\w+)'[^{()]*\{ ([^}]*) \}/g),
  ])
  const wrong = measured.flatMap(([, name = '', labels = '']) =>
    labels
      .split(', ')
      .map((label) => label.replace(/:.*/, ''))
      .filter((label) => !DOCUMENTED_METRICS[name]?.labels.includes(label))
      .map((label) => `${name}: ${label}`),
  )
  expect(measured.length).toBeGreaterThan(10)
  expect(wrong).toEqual([])
})

function lines() {
  const written: string[] = []
  return {
    written,
    to: { write: (line: string) => void written.push(line) },
    parsed: () => written.map((line) => JSON.parse(line)),
  }
}

test('a line has its time, its message, and the fields of its log; errors and offsets as well', () => {
  const { to, parsed } = lines()
  const log = pinoLog({ level: 'info', fields: { service: 'gateway' }, to }).with({ partition: 3 })
  log.info('opened', { offset: 2n ** 60n })
  log.error('failed', { error: new Error('no answer') })
  log.debug('not said')
  const [first, second] = parsed()
  expect(first).toMatchObject({ service: 'gateway', partition: 3, msg: 'opened', offset: '1152921504606846976' })
  expect(Date.parse(first.time)).not.toBeNaN()
  expect(second).toMatchObject({ level: 50, msg: 'failed', err: { type: 'Error', message: 'no answer' } })
  expect(parsed()).toHaveLength(2)
})

test('credentials of a request never reach a line', () => {
  const { to, written } = lines()
  pinoLog({ level: 'info', to }).info('asked', { headers: { authorization: 'Bearer s3cret', cookie: 's3cret' } })
  expect(written.join()).toContain('asked')
  expect(written.join()).not.toContain('s3cret')
})
