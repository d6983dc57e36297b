/** Log lines and metrics, as ports: pino and prom-client stand behind them in the services. */

export type Fields = Readonly<Record<string, unknown>>

export interface Log {
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
  /** A log whose lines all carry these fields. */
  with(fields: Fields): Log
}

export type Labels = Readonly<Record<string, string | number>>

export interface Metrics {
  /** Adds to a counter; names are `kasaga_<what>_total`. */
  count(name: string, labels?: Labels, by?: number): void
  /** Sets a gauge. */
  gauge(name: string, value: number, labels?: Labels): void
  /** Adds an observation to a histogram; names end in their unit. */
  observe(name: string, value: number, labels?: Labels): void
}

export const noLog: Log = { debug() {}, info() {}, warn() {}, error() {}, with: () => noLog }
export const noMetrics: Metrics = { count() {}, gauge() {}, observe() {} }
