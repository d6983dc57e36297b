/** How dead letters are named on the command line: what list and redrive have in common. */
import { type Command, InvalidArgumentError } from 'commander'
import { LETTERS_SCANNED } from '../../../shared/client/dead-letter-api.ts'
import type { LetterFilterCall } from '../../../shared/client/dead-letter-calls.ts'
import { duration } from '../options.ts'
import type { Surroundings } from '../surroundings.ts'

export const ONLY_NEWEST = `Only the newest ${LETTERS_SCANNED} records of each partition were looked at`

export interface FilterOptions {
  readonly deadFor?: string
  readonly topic?: string
  readonly key?: string
  readonly saga?: string
  readonly fingerprint?: string
  readonly since?: string
  readonly until?: string
}

/** Adds the options that say which letters are meant. */
export function filtering(command: Command, { now }: Pick<Surroundings, 'now'>): Command {
  const moment = momentBefore(now)
  return command
    .option('--dead-for <reason>', 'only those with this reason')
    .option('--fingerprint <digits>', 'only those that failed in this way', fingerprint)
    .option('--topic <name>', 'only those that came from this topic')
    .option('--saga <id>', 'only those of this saga')
    .option('--key <text>', 'only those with this key: mostly the id of a saga')
    .option('--since <time>', "only those given up since then: a time with its zone, or how long ago ('2 h')", moment)
    .option('--until <time>', 'only those given up before then', moment)
}

/** What was asked for; empty: nothing was. */
export function filterOf({ deadFor, ...options }: FilterOptions): LetterFilterCall {
  const { topic, key, saga, fingerprint: one, since, until } = options
  const named = { reason: deadFor, topic, key, saga, fingerprint: one, since, until }
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined))
}

function fingerprint(text: string): string {
  if (/^[0-9a-f]{12}$/.test(text)) return text
  throw new InvalidArgumentError('a fingerprint is 12 hexadecimal digits; see them with: kasaga dlq list')
}

const ZONED = /(?:z|[+-]\d\d:?\d\d)$/i

/** RFC 3339 of a time, or of so long ago. */
function momentBefore(now: () => number): (text: string) => string {
  return (text) => {
    const at = ZONED.test(text) && /^\d{4}-/.test(text) ? Date.parse(text) : now() - duration(text)
    if (!Number.isNaN(at)) return new Date(at).toISOString()
    throw new InvalidArgumentError("a time with its zone is wanted, as 2026-01-31T10:00:00Z, or how long ago, as '2 h'")
  }
}
