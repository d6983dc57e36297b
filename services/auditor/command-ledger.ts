/**
 * The commands that the log asks for, to be met by those that were sent: S9 and S10.
 * Costs about 300 bytes a command, so it is kept only when asked for.
 */
import { commandRecord } from '../../shared/message/command-record.ts'
import type { EventEnvelope } from '../../shared/message/events.ts'
import { H } from '../../shared/message/headers.ts'
import { commandId } from '../../shared/message/ids.ts'
import { headersOf, type LogRecord, utf8 } from '../../shared/message/record.ts'
import { contentHash } from './content-hash.ts'
import type { Findings } from './findings.ts'

interface Asked {
  readonly participant: string
  readonly hash: number
  /** Batch that asks for it; 0 once the log says that it is sent, -1 when it does not. */
  batch: number
  sends: number
}

export class CommandLedger {
  readonly #asked = new Map<string, Asked>()
  readonly #findings: Findings
  readonly #replyTo: string
  /** Those of the partition that is being read. */
  #open: Asked[] = []
  /** Commands that nothing asks for, as far as the log has been read. */
  readonly unasked = new Map<string, { readonly participant: string; readonly where: string }>()
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
    return this.#asked.size
  }

  get participants(): Set<string> {
    return new Set([...this.#asked.values()].map(({ participant }) => participant))
  }

  /** An event asks for a command. One to a child saga or lock goes to no participant. */
  asked({ sagaId, at, event }: EventEnvelope, batch: number): void {
    if (!('commandType' in event)) return
    if (event.child !== undefined || event.lock !== undefined) {
      this.toChildren++
      return
    }
    const direction = event.type === 'step-requested' ? 'forward' : 'compensate'
    // What its participant knows the step by, whatever it is called since the saga was moved.
    const {
      definition,
      version,
      sentAs: step = event.step,
      attempt,
      commandType,
      payload,
      timeoutAt: deadlineAt,
    } = event
    const command = {
      sagaId,
      definition,
      version,
      step,
      direction,
      attempt,
      commandType,
      payload,
      at,
      deadlineAt,
    } as const
    const hash = hashOf(commandRecord({ ...command, replyTo: this.#replyTo }, ''))
    const entry = { participant: event.participant, hash, batch, sends: 0 }
    this.#asked.set(commandId(command, attempt), entry)
    this.#open.push(entry)
  }

  /** The partition has been read: its effects up to that batch are sent, by its own account. */
  settle(sentThrough: number): void {
    for (const entry of this.#open) entry.batch = this.#allSent || entry.batch <= sentThrough ? 0 : -1
    this.#open = []
  }

  /** A record of a participant's commands. Those of other installations, which share the topic, are left alone. */
  sent(record: LogRecord, participant: string): void {
    const headers = headersOf(record)
    const id = headers.get(H.id)
    if (headers.get(H.replyTo) !== this.#replyTo || id === undefined) return
    this.sends++
    const where = `at offset ${record.offset} of partition ${record.partition} of ${record.topic}`
    const entry = this.#asked.get(id)
    if (!entry) {
      this.unasked.set(id, { participant, where })
      return
    }
    entry.sends++
    const read = { value: record.value === null ? null : (utf8(record.value) ?? null), headers: [...headers] }
    if (entry.participant === participant && hashOf(read) === entry.hash) return
    const message = `the command ${id} ${where} is not what its event says`
    this.#findings.violation({ invariant: 'S9', message, saga: headers.get(H.sagaId) ?? '' })
  }

  /** Commands of a participant that the log says to be sent, and that were not. */
  expectSent(participant: string): void {
    for (const [id, entry] of this.#asked) {
      if (entry.participant !== participant || entry.sends > 0 || entry.batch !== 0) continue
      const message = `the command ${id} was never sent to ${participant}`
      this.#findings.violation({ invariant: 'S10', message, saga: id.slice(0, id.indexOf('/')) })
    }
  }
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

function hashOf({ value, headers }: Readable): number {
  const same = headers.filter(([name]) => SAME.has(name)).map(([name, text]) => `${name}=${text}`)
  return contentHash(`${same.sort().join('\n')}\n\n${value}`)
}
