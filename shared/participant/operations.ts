/** A contract and its handlers as the table that commands are looked up in. */
import type { Command, Contract } from '../saga/contract.ts'
import type { GatherLimits } from './gatherer.ts'
import type {
  BatchContext,
  BatchedHandler,
  BatchItem,
  Handler,
  HandlerContext,
  Handlers,
  LongRunningHandler,
} from './handlers.ts'

/** How often a handler tells its progress. */
export interface OperationPace {
  readonly everyMs: number | undefined
  readonly heartbeatMs: number | undefined
}

/** A command of the contract with what carries it out. */
export interface Operation<Tx> {
  readonly command: Command<unknown, unknown>
  /** Where its handler takes many at once. */
  readonly gather: GatherLimits | undefined
  readonly pace: OperationPace
  /** Answers each item in its place. */
  readonly invoke: (items: readonly BatchItem<unknown>[], context: BatchContext<Tx>) => Promise<readonly unknown[]>
}

/** By `ce_type`. */
export type Operations<Tx> = ReadonlyMap<string, Operation<Tx>>

type AnyHandler<Tx> =
  | Handler<unknown, unknown, Tx>
  | LongRunningHandler<unknown, unknown, Tx>
  | BatchedHandler<unknown, unknown, Tx>

const UNTOLD: OperationPace = { everyMs: undefined, heartbeatMs: undefined }

/**
 * Joins a contract and its handlers.
 * @throws TypeError when a command has no handler, which the types refuse already.
 */
export function operationsOf<C extends Contract, Tx>(contract: C, handlers: Handlers<C, Tx>): Operations<Tx> {
  const operations = new Map<string, Operation<Tx>>()
  for (const [name, command] of Object.entries<Command<unknown, unknown>>(contract)) {
    // Which handler belongs to which command is checked by `Handlers`; from here on inputs are what the schema gave.
    const handler = handlers[name] as AnyHandler<Tx> | undefined
    if (!handler) throw new TypeError(`${command.type} has no handler`)
    operations.set(command.type, operationOf(command, handler))
  }
  return operations
}

function operationOf<Tx>(command: Command<unknown, unknown>, handler: AnyHandler<Tx>): Operation<Tx> {
  if (typeof handler === 'function') return singleOf(command, handler, UNTOLD)
  if (handler.kind === 'batched') {
    return { command, gather: handler.gather, pace: UNTOLD, invoke: handler.run }
  }
  const { handle, heartbeatMs, progressEveryMs } = handler
  return singleOf(command, handle, { everyMs: progressEveryMs, heartbeatMs })
}

function singleOf<Tx>(
  command: Command<unknown, unknown>,
  handler: Handler<unknown, unknown, Tx>,
  pace: OperationPace,
): Operation<Tx> {
  return {
    command,
    gather: undefined,
    pace,
    async invoke(items, { tx }) {
      const answers: unknown[] = []
      for (const item of items) answers.push(await handler(item.input, contextOf(item, tx)))
      return answers
    },
  }
}

/** What costs something is made when it is asked for. */
function contextOf<Tx>(item: BatchItem<unknown>, tx: Tx): HandlerContext<Tx> {
  return {
    tx,
    command: item.command,
    get progress() {
      return item.progress
    },
    get signal() {
      return item.signal
    },
  }
}
