/** Handlers of a participant, typed from its contract: a command without a handler does not compile. */
import type { Direction, IdempotencyKey, SagaId } from '../message/ids.ts'
import type { Command, Contract } from '../saga/contract.ts'
import { type Duration, durationMs } from '../saga/duration.ts'
import type { Answer } from './answer.ts'
import type { GatherLimits } from './gatherer.ts'

/** What a handler may know of the command besides its input. */
export interface CommandInfo {
  /** The command's id; one per attempt. */
  readonly id: string
  /** `payment.charge.v1`. */
  readonly type: string
  readonly sagaId: SagaId
  /** Name of the saga's definition, where the sender tells it. */
  readonly definition: string | undefined
  readonly step: string
  readonly direction: Direction
  /** Counted from 1. */
  readonly attempt: number
  /** The same over all attempts: what to hand on to an API that takes such keys. */
  readonly idempotencyKey: IdempotencyKey
  /** When it was sent, milliseconds since the epoch. */
  readonly at: number
  /** Work is not started past it; milliseconds since the epoch. */
  readonly deadlineAt: number | undefined
}

/**
 * Tells the saga that the command is still at work: the attempt's timeout begins anew, and with it the handler's own
 * deadline. Sent at once, outside the transaction, at most once and never after the answer; what comes within a second
 * of the one before is not sent. Never throws.
 */
export type Progress = (payload?: unknown) => void

export interface HandlerContext<Tx> {
  /** The transaction that the reply is stored in too. Write through it and nothing else. */
  readonly tx: Tx
  readonly command: CommandInfo
  /** Fires at the command's deadline, which progress moves on, and when the service stops and has waited its time. */
  readonly signal: AbortSignal
  readonly progress: Progress
}

/** Carries one command out. Called again after a throw; never again once its transaction has been kept (S8). */
export type Handler<Input, Output, Tx> = (input: Input, context: HandlerContext<Tx>) => Promise<Answer<Output>>

export interface LongRunningOptions {
  /** How often the saga is told by itself, for as long as the handler runs, that it is still at work. */
  readonly heartbeat?: Duration
  /** Least time between two calls of `progress` that are sent; a second unless told otherwise. */
  readonly progressEvery?: Duration
}

/** A handler that takes its time. */
export interface LongRunningHandler<Input, Output, Tx> {
  readonly kind: 'long-running'
  readonly handle: Handler<Input, Output, Tx>
  readonly heartbeatMs: number | undefined
  readonly progressEveryMs: number | undefined
}

/**
 * Declares that a handler takes longer than one attempt's timeout: a heartbeat tells the saga to wait on. A handler
 * that hangs is waited for until a time that progress does not move, so give one that can hang none but calls of `progress`.
 * @throws TypeError when the heartbeat is below a millisecond.
 */
export function longRunning<Input, Output, Tx>(
  { heartbeat, progressEvery }: LongRunningOptions,
  handle: (input: Input, context: HandlerContext<Tx>) => Promise<NoInfer<Answer<Output>>>,
): LongRunningHandler<Input, Output, Tx> {
  const heartbeatMs = heartbeat === undefined ? undefined : durationMs(heartbeat)
  if (heartbeatMs !== undefined && heartbeatMs < 1) throw new TypeError(`not a heartbeat: ${heartbeat}`)
  const progressEveryMs = progressEvery === undefined ? undefined : durationMs(progressEvery)
  return { kind: 'long-running', handle, heartbeatMs, progressEveryMs }
}

export interface BatchItem<Input> {
  readonly input: Input
  readonly command: CommandInfo
  /** Fires at this command's deadline, which its progress moves on, and when the service stops and has waited its time. */
  readonly signal: AbortSignal
  /** Tells this command's saga that it is still at work. */
  readonly progress: Progress
}

export interface BatchContext<Tx> {
  readonly tx: Tx
  /** Fires when that of the last item has fired. */
  readonly signal: AbortSignal
}

export interface BatchedOptions {
  /** Items in one call; 200 unless told otherwise. */
  readonly itemsMax?: number
  /** How long the first item waits for others where there are fewer; not at all unless told otherwise. */
  readonly waitMax?: Duration
}

/** What a handler is called with: all items, and their answers in the same order. */
export type BatchedRun<Input, Output, Tx> = (
  items: readonly BatchItem<Input>[],
  context: BatchContext<Tx>,
) => Promise<readonly Answer<Output>[]>

/** A handler that takes many commands of different sagas in one transaction. */
export interface BatchedHandler<Input, Output, Tx> {
  readonly kind: 'batched'
  readonly run: BatchedRun<Input, Output, Tx>
  readonly gather: GatherLimits
}

export const BATCHED_ITEMS_MAX = 200

/**
 * Declares that a handler takes many commands of a partition at once and answers each in its place. An item that is
 * answered with a failure leaves nothing behind: the transaction is undone, and the handler called again with the
 * others. When it throws, nothing tells which item it was about: it is called again with one half, then with the other. So it
 * must be right for any number of items, one too.
 * @throws TypeError when there may be no item in a call.
 */
export function batched<Input, Output, Tx>(
  run: (items: readonly BatchItem<Input>[], context: BatchContext<Tx>) => Promise<readonly NoInfer<Answer<Output>>[]>,
  { itemsMax = BATCHED_ITEMS_MAX, waitMax = 0 }: BatchedOptions = {},
): BatchedHandler<Input, Output, Tx> {
  if (!(Number.isInteger(itemsMax) && itemsMax > 0)) throw new TypeError(`not a number of items: ${itemsMax}`)
  return { kind: 'batched', run, gather: { itemsMax, waitMs: durationMs(waitMax) } }
}

/** The handlers that a contract asks for. */
export type Handlers<C extends Contract, Tx> = {
  readonly [Name in keyof C]: C[Name] extends Command<infer Input, infer Output>
    ? Handler<Input, Output, Tx> | LongRunningHandler<Input, Output, Tx> | BatchedHandler<Input, Output, Tx>
    : never
}

/** What its commands are called with: one of the inputs of the contract. */
export type InputOf<C extends Contract> = {
  [Name in keyof C]: C[Name] extends Command<infer Input, infer _Output> ? Input : never
}[keyof C]
