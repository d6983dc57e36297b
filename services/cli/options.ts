/** Values of options, checked as they are read. */
import { InvalidArgumentError, Option } from 'commander'
import { isSagaId, SAGA_ID_RULE, type SagaId } from '../../shared/message/ids.ts'
import { type Duration, durationMs } from '../../shared/saga/duration.ts'

/** Reads a whole number within bounds. */
export function whole(from: number, to = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= from && value <= to) return value
    throw new InvalidArgumentError(`a whole number from ${from}${to === Number.MAX_SAFE_INTEGER ? '' : ` to ${to}`}`)
  }
}

/** `'30 s'`, `30s`, or milliseconds. */
export function duration(text: string): number {
  const spaced = text.trim().replace(/^(\d+(?:\.\d+)?)\s*([a-z]+)$/, '$1 $2')
  try {
    return durationMs(/^\d+$/.test(spaced) ? Number(spaced) : (spaced as Duration))
  } catch {
    throw new InvalidArgumentError("a duration is wanted, as '30 s' or '2 min'")
  }
}

const WAIT_MS = 60_000

/** `--timeout`: how long `--wait` waits, in milliseconds once read. */
export function timeoutOption(): Option {
  return new Option('--timeout <duration>', "how long to wait, as '30 s'").argParser(duration).default(WAIT_MS, '60 s')
}

/** A saga's id, where it is not the gateway that looks at it. */
export function sagaIdArgument(text: string): SagaId {
  if (isSagaId(text)) return text
  throw new InvalidArgumentError(SAGA_ID_RULE)
}
