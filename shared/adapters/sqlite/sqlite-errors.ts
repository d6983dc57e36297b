/** What SQLite reports, as the trouble that it is. */
import { messageOf, OperationalError } from '../../message/errors.ts'

export const WHERE = 'sqlite-log'

/** SQLite's primary result codes that call for an answer of their own. */
const BUSY = 5
const READ_ONLY = 8
const IO_ERROR = 10
const CORRUPT = 11
const FULL = 13
const CANNOT_OPEN = 14
const NOT_A_DATABASE = 26

/** The primary result code of an error of `node:sqlite`; `undefined` for any other error. */
export function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}

/** No room was left for what was to be written, so that it was not. */
export function isFull(error: unknown): boolean {
  return resultCode(error) === FULL
}

export function isBusy(error: unknown): boolean {
  return resultCode(error) === BUSY
}

/** Classifies an error of the file; what is not SQLite's is thrown on, for it is a bug. */
export function classify(error: unknown, doing: string): OperationalError {
  if (error instanceof OperationalError) return error
  const result = resultCode(error) ?? (isTooLarge(error) ? CORRUPT : undefined)
  if (result === undefined) throw error
  const { code, retriable } = CODES.get(result) ?? { code: 'log-failed', retriable: false }
  return new OperationalError(code, `${doing}: ${messageOf(error)}`, { where: WHERE, retriable, cause: error })
}

/** A number that nobody here has written. */
function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && 'code' in error && error.code === 'ERR_OUT_OF_RANGE'
}

const CODES: ReadonlyMap<number, { code: string; retriable: boolean }> = new Map([
  [BUSY, { code: 'log-busy', retriable: true }],
  [READ_ONLY, { code: 'log-read-only', retriable: false }],
  [IO_ERROR, { code: 'log-io', retriable: true }],
  [CORRUPT, { code: 'log-corrupt', retriable: false }],
  [FULL, { code: 'log-full', retriable: true }],
  [CANNOT_OPEN, { code: 'log-unreachable', retriable: false }],
  [NOT_A_DATABASE, { code: 'log-corrupt', retriable: false }],
])
