/** What a registry's client throws, classified once. */
import { messageOf, OperationalError } from '../../message/errors.ts'

/**
 * - `registry-unreachable`: no answer, or none of a registry. It will come back, and what asked waits.
 * - `registry-login-failed`: it does not let us in. As above: nothing is wrong with any record.
 * - `contract-refused`: it will not keep this schema under this subject.
 * - `schema-unknown`: it answers, and has no schema of that id.
 * - `schema-unusable`: it has one, which cannot be read.
 */
export type RegistryCode =
  | 'registry-unreachable'
  | 'registry-login-failed'
  | 'contract-refused'
  | 'schema-unknown'
  | 'schema-unusable'

/** The client gives out a connection that failed as status 400, without a word of the registry's in the message. */
const CLIENTS_WORDS = /^Confluent_Schema_Registry - (?:Error, status \d+: )?/
const WITHOUT_WORDS = /- Error, status \d+/
/** What registries say to an id that they do not have, or that can be none. */
const NOT_THERE: ReadonlySet<number> = new Set([400, 404, 422])
const UNABLE: ReadonlySet<number> = new Set([408, 429, 500, 501, 502, 503, 504])

export function registryTrouble(
  error: unknown,
  asked: { readonly what: string; readonly write: boolean },
): OperationalError {
  const code = codeOf(error, asked.write)
  const retriable = code === 'registry-unreachable' || code === 'registry-login-failed'
  return new OperationalError(code, `${asked.what}: ${messageOf(error).replace(CLIENTS_WORDS, '')}`, {
    where: 'registry',
    retriable,
    cause: error,
  })
}

function codeOf(error: unknown, write: boolean): RegistryCode {
  const status = typeof error === 'object' && error !== null && 'status' in error ? Number(error.status) : undefined
  if (status === undefined) return write ? 'contract-refused' : 'schema-unusable'
  if (status === 401 || status === 403) return 'registry-login-failed'
  if (WITHOUT_WORDS.test(messageOf(error)) || UNABLE.has(status)) return 'registry-unreachable'
  if (write) return 'contract-refused'
  return NOT_THERE.has(status) ? 'schema-unknown' : 'registry-unreachable'
}
