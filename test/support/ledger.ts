/** A participant whose effects can be counted: each row that a handler writes is one effect, and nothing hides a second. */
import type { Kysely, Transaction } from 'kysely'
import { z } from 'zod'
import { migrateInbox } from '../../shared/adapters/postgres/inbox-table.ts'
import { migrate } from '../../shared/adapters/postgres/migrate.ts'
import { type Answer, failed, fatal, rejected } from '../../shared/participant/answer.ts'
import {
  type BatchedOptions,
  type BatchItem,
  batched,
  type CommandInfo,
  type Handlers,
} from '../../shared/participant/handlers.ts'
import { command, participant } from '../../shared/saga/contract.ts'
import type { Sent } from './participant-rig.ts'

export interface LedgerTables {
  readonly entries: { readonly key: string; readonly attempt: number; readonly kind: string; readonly amount: number }
}

export const MODES = [
  'ok',
  'reject',
  'throw',
  'throw-once',
  'failed',
  'fatal',
  'bad-output',
  'throw-reject',
  'progress',
  'hang-once',
  'return-failed',
  'unanswered',
] as const
export type Mode = (typeof MODES)[number]

const Post = z.object({ amount: z.int(), mode: z.enum(MODES) })
type Post = z.infer<typeof Post>
type Posted = { readonly entry: string }
type Item<Input> = Pick<BatchItem<Input>, 'input' | 'command'>

export const ledger = participant('ledger', {
  post: command({ input: Post, output: z.object({ entry: z.string() }), rejects: ['no'] }),
  unpost: command({ input: z.object({ amount: z.int() }) }),
})

export type LedgerTx = Transaction<LedgerTables>
export type LedgerHandlers = Handlers<typeof ledger, LedgerTx>

/** What the handlers were called with, in order: a call for each batch. */
export type Calls = (readonly CommandInfo[])[]

/** Makes the tables, inbox included. */
export async function prepareLedger(db: Kysely<LedgerTables>): Promise<void> {
  await migrateInbox(db)
  await migrate(db, 'ledger', {
    '0001': {
      async up(schema: Kysely<unknown>) {
        await schema.schema
          .createTable('entries')
          .addColumn('key', 'text', (column) => column.notNull())
          .addColumn('attempt', 'integer', (column) => column.notNull())
          .addColumn('kind', 'text', (column) => column.notNull())
          .addColumn('amount', 'integer', (column) => column.notNull())
          .execute()
      },
    },
  })
}

/** Writes before it fails, so that a transaction that is not undone shows. */
async function write(tx: LedgerTx, kind: string, items: readonly Item<{ amount: number }>[]): Promise<void> {
  const rows = items.map(({ input, command }) => ({
    key: command.idempotencyKey,
    attempt: command.attempt,
    kind,
    amount: input.amount,
  }))
  if (rows.length > 0) await tx.insertInto('entries').values(rows).execute()
}

/** `hang-once` hangs until its signal fires. */
function isOnce(mode: Mode): boolean {
  return mode === 'throw-once' || mode === 'hang-once'
}

function answerOf({ input, command }: Item<Post>): Answer<Posted> {
  const { mode } = input
  if (mode === 'reject') return rejected('no', 'not today', { amount: input.amount })
  if (mode === 'throw-reject') throw rejected('no', 'not today, and what was written is not wanted')
  if (mode === 'throw' || (isOnce(mode) && command.attempt === 1)) throw new Error('it broke')
  if (mode === 'failed') throw failed('later', 'try later', { retryAfterMs: 50 })
  if (mode === 'return-failed') return failed('later', 'try later')
  if (mode === 'unanswered') return undefined as unknown as Posted
  if (mode === 'fatal') throw fatal('never', 'do not try again')
  if (mode === 'bad-output') return { entry: 7 } as unknown as Posted
  return { entry: command.idempotencyKey }
}

const accepted = (items: readonly Item<Post>[]) => items.filter(({ input }) => input.mode !== 'reject')

function fired(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Does for many what `singleLedger` does for one. */
export function batchedLedger(calls: Calls = [], options: BatchedOptions = {}): LedgerHandlers {
  return {
    post: batched(async (items, { tx }) => {
      calls.push(items.map((item) => item.command))
      const telling = items.filter(({ input }) => input.mode === 'progress')
      for (const { progress } of telling) progress('begun')
      await write(tx, 'post', accepted(items))
      for (const { progress } of telling) progress('written')
      const hanging = items.filter(({ input, command }) => input.mode === 'hang-once' && command.attempt === 1)
      await Promise.all(hanging.map(({ signal }) => fired(signal)))
      return items.map(answerOf)
    }, options),
    unpost: batched(async (items, { tx }) => {
      calls.push(items.map((item) => item.command))
      await write(tx, 'unpost', items)
      return items.map(() => null)
    }, options),
  }
}

export function singleLedger(calls: Calls = []): LedgerHandlers {
  return {
    post: async (input, { tx, command, signal, progress }) => {
      calls.push([command])
      if (input.mode === 'progress') progress('begun')
      await write(tx, 'post', accepted([{ input, command }]))
      if (input.mode === 'progress') progress('written')
      if (input.mode === 'hang-once' && command.attempt === 1) await fired(signal)
      return answerOf({ input, command })
    },
    unpost: async (input, { tx, command }) => {
      calls.push([command])
      await write(tx, 'unpost', [{ input, command }])
    },
  }
}

/** A command that posts, for a saga. */
export function post(saga: string, mode: Mode = 'ok', more: Partial<Sent> = {}): Sent {
  return { saga, type: 'ledger.post.v1', payload: { amount: 5, mode }, ...more }
}

/** Its compensation. */
export function unpost(saga: string, more: Partial<Sent> = {}): Sent {
  return { saga, type: 'ledger.unpost.v1', payload: { amount: 5 }, direction: 'compensate', ...more }
}
