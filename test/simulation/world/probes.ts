/** Where a process is in what it does, seen from outside: what a crash comes in between. */
import { H } from '../../../shared/message/headers.ts'
import type { NewRecord } from '../../../shared/message/record.ts'
import type { AppendBatch, AppendResult } from '../../../shared/ports/broker.ts'
import { MARK_TYPE } from '../../../shared/runtime/snapshot/snapshot-mark.ts'
import type { Situation } from '../situations/names.ts'
import { type SenderProbe, TOPICS } from './network.ts'

/** What an orchestrator is in the middle of, of one partition. */
interface Stage {
  /** A batch stands in the log, and it has not heard of it. */
  unheard: number
  /** A batch is confirmed, and effects of it are not sent. */
  unsent: boolean
  /** Effects are sent, and no batch says so. */
  unmarked: boolean
  /** It has been given the partition, and its claim is not confirmed. */
  claiming: boolean
  /** Some of a snapshot is written, and its mark does not stand. */
  snapshot: boolean
}

export class OwnerProbe implements SenderProbe {
  readonly #stages = new Map<number, Stage>()

  #at(partition: number): Stage {
    const stage = this.#stages.get(partition) ?? {
      unheard: 0,
      unsent: false,
      unmarked: false,
      claiming: false,
      snapshot: false,
    }
    this.#stages.set(partition, stage)
    return stage
  }

  assigned(partition: number): void {
    this.#at(partition).claiming = true
  }

  sent({ topic, partition, records }: AppendBatch): void {
    if (topic === TOPICS.snapshots && records.some(({ value }) => value !== null)) this.#at(partition).snapshot = true
    if (topic === TOPICS.events) this.#at(partition).unmarked = false
  }

  landed({ topic, partition }: AppendBatch): void {
    if (topic === TOPICS.events) this.#at(partition).unheard++
  }

  answered({ topic, partition, records }: AppendBatch, { kind }: AppendResult): void {
    if (topic === TOPICS.events) {
      const stage = this.#at(partition)
      stage.unheard = 0
      if (kind !== 'appended') return
      stage.claiming = false
      stage.unsent = records.some(asksForCommand)
    } else if (topic === TOPICS.snapshots) {
      const isMark = records.some((record) => headerIn(record, H.type) === MARK_TYPE)
      if (isMark && kind === 'appended') this.#at(partition).snapshot = false
    } else if (kind === 'appended' && topic !== TOPICS.deadLetters)
      for (const stage of this.#stages.values()) {
        stage.unmarked ||= stage.unsent
        stage.unsent = false
      }
  }

  /** What a crash now comes in between. */
  middle(): Situation[] {
    const stages = [...this.#stages.values()]
    return [
      ...(stages.some(({ unheard }) => unheard > 0) ? ['crashAppend' as const] : []),
      ...(stages.some(({ unsent }) => unsent) ? ['crashSend' as const] : []),
      ...(stages.some(({ unmarked }) => unmarked) ? ['crashMark' as const] : []),
      ...(stages.some(({ claiming }) => claiming) ? ['crashTakeOver' as const] : []),
      ...(stages.some(({ snapshot }) => snapshot) ? ['crashSnapshot' as const] : []),
    ]
  }
}

export function headerIn(record: NewRecord, name: string): string | undefined {
  const value = record.headers.findLast((header) => header[0] === name)?.[1]
  return value === undefined || typeof value === 'string' ? value : decoder.decode(value)
}

const decoder = new TextDecoder()

function asksForCommand(record: NewRecord): boolean {
  return /^kasaga\.(step|compensation)-requested\./.test(headerIn(record, H.type) ?? '')
}

/** Of a process that nobody asks. */
export const NO_PROBE: SenderProbe = { assigned() {}, sent() {}, landed() {}, answered() {} }
