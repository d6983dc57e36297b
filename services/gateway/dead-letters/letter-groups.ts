/**
 * Dead letters by how they failed: the same reason, the same topic, the same error whichever record it was about. What is
 * kept is a line a kind and never a letter, and of kinds at most so many: what is past that is counted, and told.
 */
import { createHash } from 'node:crypto'
import type { LetterGroup } from '../../../shared/client/dead-letter-api.ts'
import { errorPattern } from '../../../shared/message/error-pattern.ts'
import { type DeadLetter, placeText } from '../../../shared/message/redrive.ts'

/** Kinds that are told apart. */
export const KINDS_MAX = 1_000
/** Kinds that are answered: the most frequent. */
export const GROUPS_ANSWERED_MAX = 100

/** The same for as long as a record of that topic is refused by that service in the same way: 12 hexadecimal digits. */
export function fingerprintOf(letter: Kind): string {
  const { service, origin, reason } = letter
  const parts = [service, origin.topic, reason, patternOf(letter)]
  return createHash('sha256').update(parts.join('\u0001')).digest('hex').slice(0, 12)
}

type Kind = Pick<DeadLetter, 'service' | 'origin' | 'reason' | 'message' | 'key' | 'saga'>

function patternOf({ message, key, saga }: Kind): string {
  return errorPattern(message, [saga, key])
}

export interface Grouped {
  /** The most frequent first. */
  readonly groups: readonly LetterGroup[]
  /** Letters of kinds that are not among them. */
  readonly ungrouped: number
}

export class LetterGroups {
  readonly #kindsMax: number
  readonly #groups = new Map<string, LetterGroup>()
  #letters = 0

  constructor(kindsMax = KINDS_MAX) {
    this.#kindsMax = kindsMax
  }

  take(letter: DeadLetter): void {
    this.#letters++
    const fingerprint = fingerprintOf(letter)
    const known = this.#groups.get(fingerprint)
    if (known) this.#groups.set(fingerprint, withOneMore(known, letter))
    else if (this.#groups.size < this.#kindsMax) this.#groups.set(fingerprint, firstOf(letter, fingerprint))
  }

  answer(): Grouped {
    const all = [...this.#groups.values()].sort((a, b) => b.count - a.count || (a.fingerprint < b.fingerprint ? -1 : 1))
    const groups = all.slice(0, GROUPS_ANSWERED_MAX)
    return { groups, ungrouped: this.#letters - groups.reduce((sum, { count }) => sum + count, 0) }
  }
}

function firstOf(letter: DeadLetter, fingerprint: string): LetterGroup {
  const { reason, service, origin, failedAt, place } = letter
  const seen = { firstAt: failedAt, newestAt: failedAt, example: placeText(place) }
  return { fingerprint, reason, service, topic: origin.topic, pattern: patternOf(letter), count: 1, ...seen }
}

/** The example is the newest one: what it is about is likeliest to be there still. */
function withOneMore(group: LetterGroup, { failedAt, place }: DeadLetter): LetterGroup {
  const isNewer = failedAt >= group.newestAt
  return {
    ...group,
    count: group.count + 1,
    firstAt: failedAt < group.firstAt ? failedAt : group.firstAt,
    ...(isNewer && { newestAt: failedAt, example: placeText(place) }),
  }
}
