/** A log and metrics that keep what they were told. */
import type { Fields, Labels, Log, Metrics } from '../../shared/ports/telemetry.ts'

export interface NotedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Fields
}

export class NotedLog implements Log {
  readonly lines: NotedLine[]
  readonly #own: Fields

  constructor(lines: NotedLine[] = [], own: Fields = {}) {
    this.lines = lines
    this.#own = own
  }

  debug = (message: string, fields?: Fields) => this.#note('debug', message, fields)
  info = (message: string, fields?: Fields) => this.#note('info', message, fields)
  warn = (message: string, fields?: Fields) => this.#note('warn', message, fields)
  error = (message: string, fields?: Fields) => this.#note('error', message, fields)
  with = (fields: Fields): Log => new NotedLog(this.lines, { ...this.#own, ...fields })

  #note(level: NotedLine['level'], message: string, fields: Fields = {}): void {
    this.lines.push({ level, message, fields: { ...this.#own, ...fields } })
  }
}

export class NotedMetrics implements Metrics {
  readonly counts = new Map<string, number>()
  readonly gauges = new Map<string, number>()
  readonly observations = new Map<string, readonly number[]>()

  count(name: string, _labels?: Labels, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by)
  }

  gauge(name: string, value: number): void {
    this.gauges.set(name, value)
  }

  observe(name: string, value: number): void {
    this.observations.set(name, [...this.observed(name), value])
  }

  observed(name: string): readonly number[] {
    return this.observations.get(name) ?? []
  }
}

/** What each gauge says now, by name and labels. */
export class NotedGauges implements Metrics {
  readonly values = new Map<string, number>()

  count(): void {}

  gauge(name: string, value: number, labels: Labels = {}): void {
    this.values.set([name, ...Object.values(labels)].join(' '), value)
  }

  observe(): void {}
}
