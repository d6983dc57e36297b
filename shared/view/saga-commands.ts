/**
 * The commands of a saga, each attempt by itself, with what was answered and when: folded from the saga's events, by their
 * types. What a reader of the log can know is when a command was decided and when its answer was; how much of that
 * time was spent on the way, and how much at work, no event says.
 */
import type { EventEnvelope, SagaEvent, StepError } from '../message/events.ts'
import type { Direction } from '../message/ids.ts'

export type CommandOutcome = 'success' | 'rejected' | 'failed' | 'fatal' | 'timeout'

export interface SentCommandRow {
  /** Seq of the event that it follows from. */
  readonly seq: number
  /** Path of the step, as it was called when the command was sent. */
  readonly step: string
  readonly direction: Direction
  readonly attempt: number
  readonly participant: string
  readonly commandType: string
  readonly child: string | null
  readonly lock: string | null
  readonly sentAt: number
  readonly timeoutAt: number | null
  /** When the participant first said how far it is. */
  readonly takenUpAt: number | null
  /** When the answer was taken; with `timeout`: when it was waited for no longer. */
  readonly answeredAt: number | null
  /** `null`: there was none yet, or nobody waits for it any more. */
  readonly outcome: CommandOutcome | null
  readonly code: string | null
  /** The answer came when its attempt had been given up already, and counted all the same. */
  readonly late: boolean
}

type Answer = Pick<SentCommandRow, 'outcome' | 'code'>

const DONE: Answer = { outcome: 'success', code: null }

export class SagaCommands {
  readonly #sent: SentCommandRow[] = []
  /** Index of a command by its step's present path, its direction and attempt. */
  readonly #places = new Map<string, number>()
  /** The newest attempt of a step, in a direction. */
  readonly #newest = new Map<string, number>()

  /** In the order in which they were sent. */
  get all(): readonly SentCommandRow[] {
    return this.#sent
  }

  /** Takes the saga's next event; what is not about a command changes nothing. */
  take({ event, seq, at }: Pick<EventEnvelope, 'event' | 'seq' | 'at'>): void {
    switch (event.type) {
      case 'step-requested':
        this.#send(event, 'forward', { seq, at })
        break
      case 'compensation-requested':
        this.#send(event, 'compensate', { seq, at })
        break
      case 'step-progressed':
        this.#takenUp(event.step, 'forward', at)
        break
      case 'compensation-progressed':
        this.#takenUp(event.step, 'compensate', at)
        break
      case 'step-succeeded':
      case 'late-success':
        this.#answer(event, 'forward', { at, answer: DONE })
        break
      case 'compensation-succeeded':
        this.#answer(event, 'compensate', { at, answer: DONE })
        break
      case 'step-rejected':
      case 'step-failed':
        this.#answer(event, 'forward', { at, answer: answerOf(event.error) })
        break
      case 'compensation-failed':
        this.#answer(event, 'compensate', { at, answer: answerOf(event.error) })
        break
      case 'saga-migrated':
        this.#rename(event.renames ?? {})
        break
    }
  }

  #send(
    event: Extract<SagaEvent, { type: 'step-requested' | 'compensation-requested' }>,
    direction: Direction,
    { seq, at }: { readonly seq: number; readonly at: number },
  ): void {
    const { step, attempt, participant, commandType, timeoutAt, child = null, lock } = event
    const to = { participant, commandType, child, lock: lock?.resource ?? null }
    const waiting = { takenUpAt: null, answeredAt: null, outcome: null, code: null, late: false }
    this.#places.set(keyOf(step, direction, attempt), this.#sent.length)
    this.#newest.set(keyOf(step, direction), attempt)
    this.#sent.push({ seq, step, direction, attempt, ...to, sentAt: at, timeoutAt, ...waiting })
  }

  #takenUp(step: string, direction: Direction, at: number): void {
    const place = this.#places.get(keyOf(step, direction, this.#newest.get(keyOf(step, direction)) ?? 0))
    const known = place === undefined ? undefined : this.#sent[place]
    if (known && place !== undefined && known.takenUpAt === null) this.#sent[place] = { ...known, takenUpAt: at }
  }

  /** The first answer is what counts, but for one that comes after silence was taken for an answer. */
  #answer(
    { step, attempt }: { readonly step: string; readonly attempt: number },
    direction: Direction,
    { at, answer }: { readonly at: number; readonly answer: Answer },
  ): void {
    const place = this.#places.get(keyOf(step, direction, attempt))
    const known = place === undefined ? undefined : this.#sent[place]
    if (!known || place === undefined) return
    const isNews = answer.outcome === 'success' || (known.outcome === 'timeout' && answer.outcome !== 'timeout')
    if (known.outcome === null || isNews)
      this.#sent[place] = { ...known, ...answer, answeredAt: at, late: known.outcome !== null }
  }

  /** Steps of the saga's own scope that have another name from now on, and what is inside them. */
  #rename(renames: Readonly<Record<string, string>>): void {
    for (const [from, to] of Object.entries(renames))
      for (const known of [this.#places, this.#newest])
        for (const [key, value] of [...known])
          if (key.startsWith(`${from} `) || key.startsWith(`${from}[`)) {
            known.delete(key)
            known.set(`${to}${key.slice(from.length)}`, value)
          }
  }
}

/** No path has a blank. */
function keyOf(step: string, direction: Direction, attempt?: number): string {
  return attempt === undefined ? `${step} ${direction}` : `${step} ${direction} ${attempt}`
}

/** Silence, or what was said; a mistake of the definition's own code is none of the participant's. */
function answerOf({ kind, code }: StepError): Answer {
  if (kind === 'timeout' || kind === 'rejected' || kind === 'fatal') return { outcome: kind, code }
  return { outcome: 'failed', code }
}
