/** A command to a participant, from when its step begins to wait, or is sent, until nothing more is to be heard of it. */
import type { Direction, SagaId } from '../message/ids.ts'
import { AGEING_MS } from './limits.ts'

export interface Call {
  readonly saga: SagaId
  /** The step's path; another one after its saga was moved to a version that names it otherwise. */
  step: string
  readonly direction: Direction
  readonly participant: string
  /** The limit key that the step gave; empty: none. */
  readonly key: string
  /** When it began to wait, or was sent: milliseconds since the epoch. */
  readonly since: number
  /** Of its saga, 0 to 9. */
  readonly priority: number
  /** `held`: it waits for the participant. `sent`: an answer is waited for. */
  status: 'held' | 'sent'
  /** Where the gate has it; nobody else changes it. */
  place: 'out' | 'waiting' | 'granted' | 'sent'
  /** The partition that the gate has it from. */
  partition: number
  /** Names it among the probes of an open breaker; kept by the gate. */
  probe: number | undefined
  /** Number in the order in which the gate got it first, which tells those apart that came at one time; -1 before. */
  turn: number
}

/** Steps of priority that the undo of a step is ahead: what is undone gives something free, and others wait for it. */
export const UNDO_AHEAD = 10

/**
 * The place of a call among those that wait: lower goes first. Undos go before forward steps, then priority, then age; each
 * `AGEING_MS` waited counts as one step of priority. Said as a time, the order of two calls never changes.
 */
export function rankOf({ since, priority, direction }: Pick<Call, 'since' | 'priority' | 'direction'>): number {
  return since - (priority + (direction === 'compensate' ? UNDO_AHEAD : 0)) * AGEING_MS
}

/** Is told of each change of the calls of a partition. */
export interface CallWatcher {
  held(call: Call): void
  sent(call: Call): void
  /** Nothing more is waited for. `worked`: what this says of the participant; `undefined`: nothing. */
  ended(call: Call, worked: boolean | undefined): void
}

/** The calls of a partition. */
export interface Calls {
  /** Tells one of all changes from now on, and of what there is already; `undefined`: nobody any more. */
  watch(watcher: CallWatcher | undefined): void
  calls(): Iterable<Call>
}
