/**
 * The inbox as a table beside the handler's own, in the same transaction, on Postgres and on SQLite.
 *
 * Its primary key is what makes an effect happen once (S8): of two transactions that carry out one command, the second
 * cannot store its entry, so none of its rows is kept. Read committed is enough for that.
 */
import type { Kysely, Transaction } from 'kysely'
import { OperationalError } from '../../message/errors.ts'
import type { IdempotencyKey } from '../../message/ids.ts'
import type { Inbox, InboxEntry, InboxOutcome, InboxScope } from '../../ports/inbox.ts'
import type { InboxTables } from './inbox-table.ts'
import { isPassing, isTaken, transactionTrouble } from './transaction-trouble.ts'

/** Keys or rows in one statement, well below what either database takes as parameters (seven a row). */
export const INBOX_ROWS_MAX = 1_000

/**
 * The inbox of a database whose `inbox` table exists.
 * @returns an inbox whose transactions throw a retriable `OperationalError` for what may pass (a lost connection, a
 * deadlock in the handler's statements too, an entry that another transaction stored first), one that is not for what
 * the store refuses, and what `work` threw in every other case.
 */
export function kyselyInbox<Tables>(db: Kysely<Tables>): Inbox<Transaction<Tables>> {
  return {
    async transaction<T>(work: (scope: InboxScope<Transaction<Tables>>) => Promise<T>): Promise<T> {
      let thrown: { readonly error: unknown } | undefined
      try {
        return await db.transaction().execute(async (tx) => {
          try {
            return await work(scopeOf(tx))
          } catch (error) {
            thrown = { error }
            throw error
          }
        })
      } catch (error) {
        if (thrown === undefined) throw transactionTrouble(error)
        const cause = thrown.error instanceof Error ? thrown.error.cause : undefined
        if (isPassing(thrown.error)) throw transactionTrouble(thrown.error)
        if (isPassing(cause)) throw transactionTrouble(cause)
        throw thrown.error
      }
    },
    forget: (beforeMs, entriesMax) => forget(db, beforeMs, entriesMax),
  }
}

function scopeOf<Tables>(tx: Transaction<Tables>): InboxScope<Transaction<Tables>> {
  // Two views of one transaction: the handler sees its own tables, the inbox sees only `inbox`.
  const rows = tx as unknown as Transaction<InboxTables>
  return {
    tx,
    async find(keys) {
      const found = new Map<IdempotencyKey, InboxEntry>()
      for (const some of slices(keys)) for (const entry of await select(rows, some)) found.set(entry.key, entry)
      return found
    },
    async store(entries) {
      for (const some of slices(entries)) await insert(rows, some)
    },
  }
}

async function select(tx: Transaction<InboxTables>, keys: readonly IdempotencyKey[]): Promise<readonly InboxEntry[]> {
  try {
    const rows = await tx.selectFrom('inbox').selectAll().where('key', 'in', keys).execute()
    return rows.map((row) => ({
      key: row.key as IdempotencyKey,
      outcome: row.outcome as InboxOutcome,
      body: row.body,
      errorCode: row.error_code ?? undefined,
      sagaId: row.saga_id,
      commandType: row.command_type,
      handledAt: Number(row.handled_at),
    }))
  } catch (error) {
    throw transactionTrouble(error)
  }
}

async function insert(tx: Transaction<InboxTables>, entries: readonly InboxEntry[]): Promise<void> {
  const rows = entries.map((entry) => ({
    key: entry.key,
    outcome: entry.outcome,
    body: entry.body,
    error_code: entry.errorCode ?? null,
    saga_id: entry.sagaId,
    command_type: entry.commandType,
    handled_at: entry.handledAt,
  }))
  try {
    await tx.insertInto('inbox').values(rows).execute()
  } catch (error) {
    if (!isTaken(error)) throw transactionTrouble(error)
    const options = { where: 'kysely-inbox', retriable: true, cause: error }
    throw new OperationalError('inbox-conflict', 'an entry was stored by another transaction', options)
  }
}

function* slices<T>(items: readonly T[]): Iterable<readonly T[]> {
  for (let start = 0; start < items.length; start += INBOX_ROWS_MAX) yield items.slice(start, start + INBOX_ROWS_MAX)
}

/** One statement, on the index of the times; whoever forgets the same rows at the same time finds them gone. */
async function forget<Tables>(db: Kysely<Tables>, beforeMs: number, entriesMax: number): Promise<number> {
  const rows = db as unknown as Kysely<InboxTables>
  const oldest = rows.selectFrom('inbox').select('key').where('handled_at', '<', beforeMs)
  const some = oldest.orderBy('handled_at').limit(entriesMax)
  try {
    const result = await rows.deleteFrom('inbox').where('key', 'in', some).executeTakeFirst()
    return Number(result.numDeletedRows)
  } catch (error) {
    throw transactionTrouble(error)
  }
}
