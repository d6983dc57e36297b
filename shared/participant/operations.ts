/** A contract and its handlers as the table that commands are looked up in. */
import type { Command, Contract } from '../saga/contract.ts'
import type { BatchContext, BatchedHandler, BatchItem, Handler, Handlers } from './handlers.ts'

/** A command of the contract with what carries it out. */
export interface Operation<Tx> {
  readonly command: Command<unknown, unknown>
  readonly isBatched: boolean
  /** Answers each item in its place. */
  readonly invoke: (items: readonly BatchItem<unknown>[], context: BatchContext<Tx>) => Promise<readonly unknown[]>
}

/** By `ce_type`. */
export type Operations<Tx> = ReadonlyMap<string, Operation<Tx>>

type AnyHandler<Tx> = Handler<unknown, unknown, Tx> | BatchedHandler<unknown, unknown, Tx>

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
  if (typeof handler !== 'function') return { command, isBatched: true, invoke: handler.run }
  return {
    command,
    isBatched: false,
    async invoke(items, { tx, signal }) {
      const answers: unknown[] = []
      for (const item of items) answers.push(await handler(item.input, { tx, command: item.command, signal }))
      return answers
    },
  }
}
