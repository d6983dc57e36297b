/** The participants' books: what stands in their databases, and what a person at a participant may do there. */

import { type IdempotencyKey, idempotencyKey, type StepAddress } from '../../../shared/message/ids.ts'
import type { Clock } from '../../../shared/ports/clock.ts'
import type { InboxEntry, InboxOutcome } from '../../../shared/ports/inbox.ts'
import { CrashStore } from '../../support/crash-inbox.ts'
import { PARTICIPANTS } from '../world/plans.ts'
import type { Stream } from '../world/streams.ts'

const BY_HAND = 'by-hand'

/** One effect of a handler: 1 is done, -1 is undone. */
export interface BookRow {
  readonly key: IdempotencyKey
  readonly sagaId: string
  readonly step: string
  readonly effect: 1 | -1
}

export interface BooksOptions {
  readonly clock: Clock
  readonly random: Stream
  readonly troubleShare: () => number
  readonly onTrouble: (kind: 'refused' | 'kept and unanswered') => void
  readonly statementMsMax: number
}

export class Books {
  readonly #stores: ReadonlyMap<string, CrashStore<BookRow>>

  constructor(options: BooksOptions) {
    this.#stores = new Map(PARTICIPANTS.map((name) => [name, new CrashStore<BookRow>(options)]))
  }

  of(participant: string): CrashStore<BookRow> {
    const store = this.#stores.get(participant)
    if (!store) throw new Error(`there is no participant ${participant}`)
    return store
  }

  get rows(): BookRow[] {
    return [...this.#stores.values()].flatMap(({ rows }) => rows)
  }

  /** Whether the participant's table has a row of that key, which is unique. */
  has(participant: string, key: IdempotencyKey): boolean {
    return this.of(participant).rows.some((row) => row.key === key)
  }

  /** Undos that came before their do. */
  get tombstones(): number {
    const all = [...this.#stores.values()].flatMap((store) => store.entries())
    return all.filter(({ outcome, commandType }) => outcome === 'tombstone' && commandType !== BY_HAND).length
  }

  /** Net effect of each step of each saga: what was done, less what was undone. */
  get net(): Map<string, number> {
    const net = new Map<string, number>()
    for (const { sagaId, step, effect } of this.rows) {
      const key = `${sagaId}/${step}`
      net.set(key, (net.get(key) ?? 0) + effect)
    }
    return net
  }

  /** A person at the participant takes a refusal back, so that the step can be asked for again. */
  forgetRefusal(address: StepAddress): void {
    const key = idempotencyKey(address)
    for (const store of this.#stores.values())
      if (store.entry(key)?.outcome === 'rejected') store.correct(key, undefined)
  }

  /** A person does what was not done, so that a command that still comes finds it done; answers whether it may be done. */
  doByHand(address: Omit<StepAddress, 'direction'>): boolean {
    const [did, undid] = (['forward', 'compensate'] as const).map((direction) =>
      idempotencyKey({ ...address, direction }),
    )
    if (did === undefined || undid === undefined) return false
    const known = [...this.#stores.values()].flatMap((store) =>
      [store.entry(did) ?? [], store.entry(undid) ?? []].flat(),
    )
    if (known.some(({ outcome, key }) => key === undid || outcome === 'tombstone')) return false
    if (known.some(({ outcome }) => outcome === 'success')) return true
    const { sagaId, step } = address
    // Whichever of them is asked finds it; the effect is there once.
    for (const store of this.#stores.values()) store.correct(did, entryOf(did, sagaId, 'success'))
    this.#stores.values().next().value?.rows.push({ key: did, sagaId, step, effect: 1 })
    return true
  }

  /** A person undoes what was done, and sees to it that nothing is done after it. */
  undoByHand(address: Omit<StepAddress, 'direction'>): void {
    const [did, undid] = (['forward', 'compensate'] as const).map((direction) =>
      idempotencyKey({ ...address, direction }),
    )
    if (did === undefined || undid === undefined) return
    for (const store of this.#stores.values()) {
      if (store.entry(undid)) continue
      const { sagaId, step } = address
      if (store.entry(did)?.outcome === 'success') store.rows.push({ key: undid, sagaId, step, effect: -1 })
      if (!store.entry(did)) store.correct(did, entryOf(did, sagaId, 'tombstone'))
      store.correct(undid, entryOf(undid, sagaId, 'success'))
    }
  }
}

function entryOf(key: IdempotencyKey, sagaId: string, outcome: InboxOutcome): InboxEntry {
  const body = outcome === 'tombstone' ? '' : 'null'
  return { key, outcome, body, errorCode: undefined, sagaId, commandType: BY_HAND, handledAt: 0 }
}
