/**
 * The commands that the log asks for, to be met by those that were sent: S9 and S10.
 * Of each only hashes are kept (see `command-table.ts`); what one was called is read in the log again when it matters.
 */
import { commandRecord } from '../../shared/message/command-record.ts'
import type { EventEnvelope } from '../../shared/message/events.ts'
import { H } from '../../shared/message/headers.ts'
import { type CommandId, commandId, type Direction } from '../../shared/message/ids.ts'
import { headersOf, type LogRecord, utf8 } from '../../shared/message/record.ts'
import { CommandTable } from './command-table.ts'
import { contentHash } from './content-hash.ts'
import type { Findings } from './findings.ts'

export class CommandLedger {
  readonly #table = new CommandTable()
  /** Participants, by their numbers in the table. */
  readonly #names: string[] = []
  readonly #numbers = new Map<string, number>()
  readonly #findings: Findings
  readonly #replyTo: string
  /** Commands of the partition that is being read: hash of the id, number of the batch, in turns. */
  #open: number[] = []
  /** Commands that nothing asks for, as far as the log has been read. */
  readonly unasked = new Map<string, { readonly participant: string; readonly where: string }>()
  /** Hashes of the ids of commands that the log says to be sent, and that were not. */
  readonly unsent = new Set<number>()
  sends = 0
  /** Commands to child sagas and locks: they are on the topics of sagas, and are not looked up. */
  toChildren = 0
  /** Whether every command must have been sent, whatever the marks say. */
  readonly #allSent: boolean

  constructor(options: { readonly findings: Findings; readonly replyTo: string; readonly allSent: boolean }) {
    this.#findings = options.findings
    this.#replyTo = options.replyTo
    this.#allSent = options.allSent
  }

  get size(): number {
    return this.#table.size
  }

  get participants(): readonly string[] {
    return this.#names
  }

  /** An event asks for a command. One to a child saga or lock goes to no participant. */
  asked(envelope: EventEnvelope, batch: number): void {
    const { event } = envelope
    if (!('commandType' in event)) return
    const id = askedBy(envelope)
    if (id === undefined) {
      this.toChildren++
      return
    }
    const hash = hashOfId(id)
    this.#table.put(hash, this.#contentOf(envelope), this.#numberOf(event.participant))
    this.#open.push(hash, batch)
  }

  #contentOf({ sagaId, at, event }: EventEnvelope): number {
    if (!('commandType' in event)) return 0
    const { definition, version, attempt, commandType, payload, timeoutAt: deadlineAt } = event
    const step = event.sentAs ?? event.step
    const direction = directionOf(event.type)
    const command = { sagaId, definition, version, step, direction, attempt, commandType, payload, at, deadlineAt }
    return contentOf(commandRecord({ ...command, replyTo: this.#replyTo }, ''))
  }

  #numberOf(participant: string): number {
    const known = this.#numbers.get(participant)
    if (known !== undefined) return known
    const number = this.#names.push(participant) - 1
    this.#numbers.set(participant, number)
    return number
  }

  /** The partition has been read: its effects up to that batch are sent, by its own account. */
  settle(sentThrough: number): void {
    for (let i = 0; i < this.#open.length; i += 2) {
      const [hash = 0, batch = 0] = [this.#open[i], this.#open[i + 1]]
      if (this.#allSent || batch <= sentThrough) this.#table.setDue(hash)
    }
    this.#open = []
  }

  /** A record of a participant's commands. Those of other installations, which share the topic, are left alone. */
  sent(record: LogRecord, participant: string): void {
    const headers = headersOf(record)
    const id = headers.get(H.id)
    if (headers.get(H.replyTo) !== this.#replyTo || id === undefined) return
    this.sends++
    const where = `at offset ${record.offset} of partition ${record.partition} of ${record.topic}`
    const place = this.#table.find(hashOfId(id))
    if (place === undefined) {
      this.unasked.set(id, { participant, where })
      return
    }
    this.#table.countSend(place)
    const read = { value: record.value === null ? null : (utf8(record.value) ?? null), headers: [...headers] }
    if (this.#table.isLike(place, contentOf(read), this.#numberOf(participant))) return
    const message = `the command ${id} ${where} is not what its event says`
    this.#findings.violation({ invariant: 'S9', message, saga: headers.get(H.sagaId) ?? '' })
  }

  /** The participant's commands have been read whole: what the log says to be sent must be there. */
  expectSent(participant: string): void {
    for (const hash of this.#table.unsent(this.#numberOf(participant))) this.unsent.add(hash)
  }

  /** An event of the log, read once more: names the command that it asked for if that was never sent. */
  nameUnsent(envelope: EventEnvelope): void {
    const { event, sagaId } = envelope
    const id = askedBy(envelope)
    if (id === undefined || !('commandType' in event) || !this.unsent.delete(hashOfId(id))) return
    const message = `the command ${id} was never sent to ${event.participant}`
    this.#findings.violation({ invariant: 'S10', message, saga: sagaId })
  }
}

/** The id of the command that the event asks a participant for; a step is known there by what it was called at first. */
export function askedBy({ sagaId, event }: EventEnvelope): CommandId | undefined {
  if (!('commandType' in event) || event.child !== undefined || event.lock !== undefined) return undefined
  const step = event.sentAs ?? event.step
  return commandId({ sagaId, step, direction: directionOf(event.type) }, event.attempt)
}

function directionOf(type: 'step-requested' | 'compensation-requested'): Direction {
  return type === 'step-requested' ? 'forward' : 'compensate'
}

/** 0 stands for a free place. */
function hashOfId(id: string): number {
  return contentHash(id) || 1
}

/** Headers that are the same in every sending of a command. Its source names who sends. */
const SAME: ReadonlySet<string> = new Set([
  H.type,
  H.time,
  H.sagaId,
  H.sagaType,
  H.sagaVersion,
  H.stepId,
  H.direction,
  H.attempt,
  H.idempotencyKey,
  H.deadline,
])

interface Readable {
  readonly value: string | Uint8Array | null
  readonly headers: readonly (readonly [string, string | Uint8Array])[]
}

function contentOf({ value, headers }: Readable): number {
  const same = headers.filter(([name]) => SAME.has(name)).map(([name, text]) => `${name}=${text}`)
  return contentHash(`${same.sort().join('\n')}\n\n${value}`)
}
