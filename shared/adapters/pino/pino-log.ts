/** The log port on pino: JSON lines on standard error, so that standard output stays free for results. */
import { destination, type Logger, pino } from 'pino'
import type { Fields, Log } from '../../ports/telemetry.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface PinoLogOptions {
  readonly level: LogLevel
  /** Carried by every line: the service's name, for one. */
  readonly fields?: Fields
  /** File descriptor, or anything with `write`; standard error unless told otherwise. */
  readonly to?: number | { write(line: string): void }
}

const STDERR = 2
/** Never in a line, whoever passes them. */
const REDACTED = ['authorization', 'cookie', 'headers.authorization', 'headers.cookie', '*.authorization', '*.cookie']

/** Makes a log. Lines are written at once: a crash loses none. */
export function pinoLog({ level, fields = {}, to = STDERR }: PinoLogOptions): Log {
  const stream = typeof to === 'number' ? destination({ fd: to, sync: true }) : to
  return over(
    pino({ level, base: { ...fields }, redact: { paths: REDACTED, remove: true }, timestamp: () => isoTime() }, stream),
  )
}

function isoTime(): string {
  return `,"time":"${new Date().toISOString()}"`
}

function over(logger: Logger): Log {
  return {
    debug: (message, fields = {}) => logger.debug(named(fields), message),
    info: (message, fields = {}) => logger.info(named(fields), message),
    warn: (message, fields = {}) => logger.warn(named(fields), message),
    error: (message, fields = {}) => logger.error(named(fields), message),
    with: (fields) => over(logger.child({ ...fields })),
  }
}

/** pino itself writes what is under `err` with its type and stack; bigints, which JSON has none of, become text. */
function named(fields: Fields): Record<string, unknown> {
  const line: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Error && name === 'error') line.err = value
    else if (value instanceof Error) line[name] = pino.stdSerializers.err(value)
    else line[name] = typeof value === 'bigint' ? String(value) : value
  }
  return line
}
