/** Which dead letters are meant, and which of those are on a page. */
import type { LetterFilter, LetterListQuery } from '../../../shared/client/dead-letter-api.ts'
import { type LetterPlace, placeFrom } from '../../../shared/message/redrive.ts'
import { fingerprintOf } from './letter-groups.ts'
import type { SeenLetter } from './letter-scan.ts'

/** Whether a letter is among those that are asked for. */
export function isMeant(letter: SeenLetter, asked: LetterFilter): boolean {
  const { reason, topic, key, saga, fingerprint, redriven } = asked
  const isOfKind = redriven === 'all' || (redriven === 'yes') === (letter.redriven !== undefined)
  const has = (wanted: string | undefined, given: string | undefined) => wanted === undefined || wanted === given
  return (
    isOfKind &&
    has(reason, letter.reason) &&
    has(topic, letter.origin.topic) &&
    has(key, letter.key) &&
    has(saga, letter.saga) &&
    isInTime(letter.failedAt, asked) &&
    (fingerprint === undefined || fingerprint === fingerprintOf(letter))
  )
}

/** One whose time cannot be read is in no span of time. */
function isInTime(failedAt: string, { since, until }: Pick<LetterFilter, 'since' | 'until'>): boolean {
  if (since === undefined && until === undefined) return true
  const at = Date.parse(failedAt)
  return at >= (since === undefined ? at : Date.parse(since)) && at < (until === undefined ? at + 1 : Date.parse(until))
}

/** Gathers a page from letters in the order of the topic, or against it. */
export class LetterPage {
  readonly letters: SeenLetter[] = []
  readonly #asked: Pick<LetterListQuery, 'order' | 'limit'>
  readonly #after: LetterPlace | undefined

  constructor(asked: Pick<LetterListQuery, 'order' | 'limit' | 'after'>) {
    this.#asked = asked
    this.#after = asked.after === undefined ? undefined : placeFrom(asked.after)
  }

  take(letter: SeenLetter): void {
    if (this.letters.length >= this.#asked.limit) return
    if (this.#after && !this.#isNext(letter.place, this.#after)) return
    this.letters.push(letter)
  }

  #isNext(place: LetterPlace, after: LetterPlace): boolean {
    const [one, other] = this.#asked.order === 'oldest' ? [place, after] : [after, place]
    return one.partition === other.partition ? one.offset > other.offset : one.partition > other.partition
  }
}
