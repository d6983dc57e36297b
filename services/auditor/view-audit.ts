/**
 * Holds the views' rows of one partition against its log, as far as the views' checkpoint says that they are: S16, S17.
 * The rows were read before the log, in one snapshot, so a projector that goes on meanwhile does no harm.
 */
import type { AcceptedBatch } from '../../shared/message/batch.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import type { Findings } from './findings.ts'
import type { History } from './histories.ts'
import { outlineOf } from './saga-outline.ts'
import type { PartitionRows, StandingCheckpoint, ViewSaga } from './view-rows.ts'

type Comparable = Readonly<Record<keyof ViewSaga, string | number | bigint | null>>

export class ViewAudit {
  readonly #partition: number
  readonly #findings: Findings
  readonly #rows: PartitionRows
  /** Next offset that the rows of sagas do not hold. */
  readonly #through: bigint
  /** Checkpoints that stand at no batch boundary that was read so far. */
  readonly #unplaced: Set<StandingCheckpoint>
  compared = 0
  /** Events that the views do not hold yet: nothing is known of their rows. */
  behind = 0

  constructor(partition: number, rows: PartitionRows, findings: Findings) {
    this.#partition = partition
    this.#findings = findings
    this.#rows = rows
    const own = rows.checkpoints.find(({ projection }) => projection === sagasProjection.name)
    this.#through = own?.nextOffset ?? 0n
    this.#unplaced = new Set(rows.checkpoints.filter((one) => !isStart(one)))
  }

  /** Takes an accepted batch; answers whether the views hold it. */
  takeBatch({ nextOffset, header }: AcceptedBatch): boolean {
    for (const one of this.#unplaced) {
      const same = one.nextNumber === header.number + 1
      if (one.nextOffset !== nextOffset || !same) continue
      if (one.commands === header.commands && one.replies === header.replies) this.#unplaced.delete(one)
    }
    const held = nextOffset <= this.#through
    if (!held) this.behind += header.count
    return held
  }

  /** Compares a saga's row with its events. `comparable`: they are in order, so that they say what the row must be. */
  compare(id: string, live: History, comparable: boolean): void {
    const row = this.#rows.sagas.get(id)
    this.#rows.sagas.delete(id)
    if (!comparable) return
    if (live.inView === 0) {
      if (row) this.#say('S17', id, 'there is a row, and the checkpoint is before the start of the saga')
      return
    }
    this.compared++
    if (row) this.#compareRow(id, row, live)
    else this.#say('S16', id, 'there is no row')
  }

  /** Leaves a saga's row as it is. */
  leave(id: string): void {
    this.#rows.sagas.delete(id)
  }

  #compareRow(id: string, row: ViewSaga, live: History): void {
    const expected = expectedOf(live)
    const differing = differences(row, expected)
    if (differing.length === 0) return
    const ahead = (row.seq ?? 0) > (expected.seq ?? 0) && (row.seq ?? 0) <= live.events.length
    this.#say(ahead ? 'S17' : 'S16', id, `${ahead ? 'ahead of the checkpoint: ' : ''}${differing.join('; ')}`)
  }

  /** All of the log has been read. */
  close(end: bigint): void {
    for (const { projection, nextOffset, nextNumber } of this.#unplaced) {
      const why = nextOffset > end ? `the log ends at ${end}` : 'no accepted batch ends there with these marks'
      const message = `the checkpoint of ${projection} is at offset ${nextOffset} before batch ${nextNumber}: ${why}`
      this.#findings.violation({ invariant: 'S17', message, partition: this.#partition })
    }
    for (const id of this.#rows.sagas.keys()) this.#say('S16', id, 'there is a row, and no such saga in the log')
  }

  #say(invariant: string, saga: string, what: string): void {
    this.#findings.violation({ invariant, message: `view: ${what}`, saga, partition: this.#partition })
  }
}

function isStart({ nextOffset, nextNumber }: StandingCheckpoint): boolean {
  return nextOffset === 0n && nextNumber === 1
}

function expectedOf({ events, inView, offsetsInView }: History): ViewSaga {
  const { status, definition, version, seq, endedAt, steps } = outlineOf(events, inView)
  const texts = [...steps.values()].map((one) => `${one.step}/${one.direction} ${one.status} ${one.attempts}`)
  return {
    status,
    definition: definition ?? null,
    version: version ?? null,
    seq,
    endedAt: endedAt ?? null,
    steps: texts.join(', '),
    events: inView,
    seqMax: seq,
    offsets: offsetsInView,
  }
}

function differences(row: Comparable, expected: Comparable): string[] {
  const names = Object.keys(expected) as (keyof ViewSaga)[]
  return names.flatMap((name) =>
    row[name] === expected[name] ? [] : [`${name} is ${row[name]}, and should be ${expected[name]}`],
  )
}
