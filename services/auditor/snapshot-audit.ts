/**
 * S2: what the snapshots of one partition say of its sagas is what the log folds to, up to the batch that each stands at. The
 * events are folded anew, from the first one on, each saga by itself: a snapshot was made from memory that was restored from
 * snapshots before it, was changed by turns, and was written in parts.
 *
 *     made --read: what every mark names is taken up--> waiting --its batch comes--> compared
 *                                                         \--the log ends--> of another log: told, and nothing else
 *
 * Marks of all owners are looked at, also old ones. What is damaged or incomplete is used by nobody: it is counted in a note.
 */
import type { AcceptedBatch } from '../../shared/message/batch.ts'
import type { EventEnvelope } from '../../shared/message/events.ts'
import { canonicalJson } from '../../shared/message/json.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import { entriesOf } from '../../shared/runtime/snapshot/restore.ts'
import type { SnapshotMark } from '../../shared/runtime/snapshot/snapshot-mark.ts'
import { SnapshotShelf } from '../../shared/runtime/snapshot/snapshot-shelf.ts'
import type { Captured } from '../../shared/runtime/snapshot/state-tables.ts'
import { evolve } from '../../shared/saga/evolve.ts'
import { type EndedSaga, isLive, type SagaState } from '../../shared/saga/state.ts'
import type { Findings } from './findings.ts'
import type { Histories } from './histories.ts'

type Known = SagaState | EndedSaga

/** What one snapshot says. */
interface Told {
  readonly mark: SnapshotMark
  readonly live: ReadonlyMap<string, Known>
  readonly ended: ReadonlyMap<string, Known>
  /** Nothing is said of those. */
  readonly unreadable: ReadonlySet<string>
}

/** The sagas of the log, as far as it has been read. */
export interface SagasSoFar {
  readonly histories: Histories
  /** Their events cannot be judged. */
  readonly unreadable: ReadonlySet<string>
}

export class SnapshotAudit {
  /** Sagas that were held against a snapshot, and snapshots that were. */
  sagas = 0
  snapshots = 0
  readonly #partition: number
  readonly #findings: Findings
  /** By the number of the batch that they stand at. */
  readonly #waiting = new Map<number, Told[]>()
  #unusable = 0

  constructor(partition: number, findings: Findings) {
    this.#partition = partition
    this.#findings = findings
  }

  /** Takes up what stands on the topic now; to be called before the log is read, which can only be further. */
  async read(broker: Broker, topic: string): Promise<void> {
    const shelf = await SnapshotShelf.read(broker, topic, this.#partition)
    for (const read of shelf.allMarks()) {
      const told = read.kind === 'mark' ? await toldBy(shelf, read.mark) : undefined
      if (!told) {
        this.#unusable++
        continue
      }
      const { number } = told.mark.standing
      this.#waiting.set(number, [...(this.#waiting.get(number) ?? []), told])
    }
  }

  /** A batch has been taken: whatever stands at it is held against the sagas. */
  take({ header, offset, nextOffset }: AcceptedBatch, sagas: SagasSoFar): void {
    const here = this.#waiting.get(header.number)
    if (!here) return
    const isOf = ({ mark: { standing } }: Told) =>
      standing.owner === header.owner && standing.offset === offset && standing.next === nextOffset
    for (const told of here.filter(isOf)) this.#compare(told, sagas)
    const others = here.filter((told) => !isOf(told))
    this.#waiting.delete(header.number)
    if (others.length > 0) this.#waiting.set(-header.number, others)
  }

  /** The log is read. */
  close(): void {
    const where = `partition ${this.#partition}`
    const left = [...this.#waiting.values()].flat().length
    if (left > 0) this.#findings.notes.push(`S2: ${left} snapshots of ${where} are of another log: nobody uses them`)
    if (this.#unusable > 0)
      this.#findings.notes.push(
        `S2: ${this.#unusable} snapshots of ${where} are not whole, or of another format: nobody uses them`,
      )
    this.#waiting.clear()
  }

  #compare(told: Told, { histories, unreadable }: SagasSoFar): void {
    this.snapshots++
    const isJudged = (id: string) => !unreadable.has(id) && !told.unreadable.has(id)
    for (const [id, events] of histories.open()) {
      const must = isJudged(id) && !told.live.has(id) ? folded(events) : undefined
      if (must && isLive(must)) this.#violation(told, id, 'does not have the saga, which has not ended')
    }
    for (const [id, state] of told.live)
      if (isJudged(id)) this.#one(told, id, { state, events: histories.eventsOf(id) })
    for (const [id, state] of told.ended) {
      // One that has gone on after its end keeps its place among the ended ones, as it was then.
      if (!isJudged(id) || told.live.has(id)) continue
      const events = histories.eventsOf(id)
      if (events || !histories.hasEnded(id)) this.#one(told, id, { state, events })
      else this.sagas++
    }
  }

  /** `events`: all of the saga, where something may follow. */
  #one(
    told: Told,
    id: string,
    { state, events }: { state: Known; events: readonly EventEnvelope[] | undefined },
  ): void {
    this.sagas++
    if (!events) {
      this.#violation(
        told,
        id,
        `says that the saga is ${state.status}, which it is not: it has ended, or was never there`,
      )
      return
    }
    const must = folded(events)
    if (!must) return
    if (state.status === 'ended') {
      const same = !isLive(must) && state.definition === must.definition && state.inputHash === must.inputHash
      if (!same) this.#violation(told, id, `says that the saga has ended, and its events come to ${must.status}`)
    } else if (textOf(state) !== textOf(must))
      this.#violation(told, id, `has the saga at ${seen(state)}, and its events come to ${seen(must)}`)
  }

  #violation({ mark: { owner, standing } }: Told, saga: string, what: string): void {
    const message = `the snapshot of ${owner} at batch ${standing.number} ${what}`
    const where = { saga, partition: this.#partition, offset: String(standing.offset) }
    this.#findings.violation({ invariant: 'S2', message, ...where })
  }
}

/** `undefined`: not all of it is there, as it was written. */
async function toldBy(shelf: SnapshotShelf, mark: SnapshotMark): Promise<Told | undefined> {
  const told = { mark, live: new Map<string, Known>(), ended: new Map<string, Known>(), unreadable: new Set<string>() }
  for (const segment of mark.segments) {
    const captured = await entriesOf(shelf, segment, async () => {})
    if (typeof captured === 'string') return undefined
    for (const table of ['live', 'ended'] as const) bring(told[table], captured[table])
    for (const id of captured.unreadable.removed) told.unreadable.delete(id)
    for (const id of captured.unreadable.keys) told.unreadable.add(id)
  }
  return told
}

function bring(table: Map<string, Known>, { removed, keys, values }: Captured['live']): void {
  for (const key of removed) table.delete(key)
  keys.forEach((key, i) => void table.set(key, values[i] as Known))
}

/** `undefined`: they cannot be folded, which is a violation of its own. */
function folded(events: readonly EventEnvelope[]): SagaState | undefined {
  try {
    return events.reduce<SagaState | undefined>((state, envelope) => evolve(state, envelope), undefined)
  } catch {
    return undefined
  }
}

/** Equal for equal states, whatever the order in which their fields were written. */
function textOf(state: SagaState): string {
  return canonicalJson(JSON.parse(JSON.stringify(state)))
}

function seen({ status, seq }: SagaState): string {
  return `seq ${seq}, ${status}`
}
