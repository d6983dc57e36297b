/**
 * The histories of one partition's sagas, as far as they have been read.
 *
 *     (unknown) --event--> open --ended, nothing may follow--> ended
 *                          ^  \--ended, more may follow--> packed
 *                          \--------------event-------------/
 *
 * Of one that has ended some 16 bytes stay. After some ends more may follow, because a parent may ask for an undo or a refused
 * step may succeed late: those are kept to the end of the log, packed.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { EventEnvelope } from '../../shared/message/events.ts'
import { IdSet } from './id-set.ts'

export interface History {
  readonly events: EventEnvelope[]
  /** Of each of them, in the log. */
  readonly offsets: bigint[]
  /** How many of them the views hold. */
  inView: number
  /** Sum of the offsets of those. */
  offsetsInView: bigint
  /** More may follow its end. */
  kept: boolean
}

/** Packing is for memory: the least work will do. */
const LEVEL = 1

export class Histories {
  readonly #open = new Map<string, History>()
  readonly #packed = new Map<string, string>()
  readonly #ended = new IdSet()

  /** Whether nothing may follow. */
  hasEnded(id: string): boolean {
    return this.#ended.has(id)
  }

  /** The history of a saga that may go on. */
  of(id: string): History {
    const packed = this.#packed.get(id)
    this.#packed.delete(id)
    const history = this.#open.get(id) ?? (packed ? unpacked(packed) : newHistory())
    this.#open.set(id, history)
    return history
  }

  /** The events of a saga that may go on, as they are; nothing of others. */
  eventsOf(id: string): readonly EventEnvelope[] | undefined {
    const packed = this.#packed.get(id)
    return this.#open.get(id)?.events ?? (packed ? unpacked(packed).events : undefined)
  }

  /** The events of those that have not ended. */
  *open(): Generator<readonly [id: string, events: readonly EventEnvelope[]]> {
    for (const [id, { events }] of this.#open) yield [id, events]
  }

  /** Nothing may follow. */
  end(id: string): void {
    this.#open.delete(id)
    this.#ended.add(id)
  }

  /** It has ended, and more may follow. */
  pack(id: string): void {
    const history = this.#open.get(id)
    if (!history) return
    this.#open.delete(id)
    this.#packed.set(id, packed(history))
  }

  /** Those that may go on, one at a time; what was given out is kept no more. */
  *drain(): Generator<readonly [id: string, history: History]> {
    for (const [id, history] of this.#open) {
      this.#open.delete(id)
      yield [id, history]
    }
    for (const [id, bytes] of this.#packed) {
      this.#packed.delete(id)
      yield [id, unpacked(bytes)]
    }
    this.#ended.clear()
  }
}

function newHistory(): History {
  return { events: [], offsets: [], inView: 0, offsetsInView: 0n, kept: false }
}

/** Text with a byte in each character: what zlib gives is a piece of a buffer that is larger by far. */
function packed({ offsets, offsetsInView, ...rest }: History): string {
  const text = JSON.stringify({ ...rest, offsets: offsets.map(String), offsetsInView: String(offsetsInView) })
  return deflateRawSync(text, { level: LEVEL }).toString('latin1')
}

function unpacked(bytes: string): History {
  const { offsets, offsetsInView, ...rest } = JSON.parse(inflateRawSync(Buffer.from(bytes, 'latin1')).toString())
  return { ...rest, offsets: offsets.map(BigInt), offsetsInView: BigInt(offsetsInView) }
}
