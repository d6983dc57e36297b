import type { logCreator } from 'kafkajs'
import { logLevel } from 'kafkajs'
import type { Log } from '../../ports/telemetry.ts'

/**
 * kafkajs's lines for our log. It calls everyday life an error (a leader that moved, a broker that restarts), and what
 * matters of it comes back to us as a rejected call, so nothing from it is louder than a warning.
 */
export function kafkajsLog(log: Log): logCreator {
  return () =>
    ({ namespace, level, log: { message, timestamp: _timestamp, logger: _logger, ...fields } }) => {
      const line = namespace === '' ? message : `${namespace}: ${message}`
      if (level === logLevel.ERROR && !isEveryday(message)) log.warn(line, fields)
      else log.debug(line, fields)
    }
}

const EVERYDAY = [/^Response /, /^Connection (error|timeout)/, /^Failed to connect/, /leader/i, /rebalanc/i]

function isEveryday(message: string): boolean {
  return EVERYDAY.some((pattern) => pattern.test(message))
}
