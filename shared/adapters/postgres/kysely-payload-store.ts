/** The payload store port as a table, on Postgres and on SQLite. The table is made when it is first needed. */
import { type Kysely, sql } from 'kysely'
import type { PayloadId } from '../../message/claim.ts'
import { messageOf, OperationalError } from '../../message/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import {
  checkedPayload,
  type FoundPayload,
  type PayloadStore,
  payloadIdOf,
  type StoredPayload,
} from '../../ports/payload-store.ts'
import { migratePayloads, type PayloadTables } from './payloads-table.ts'

/** Ids in one page of the list. */
const PAGE_ROWS = 1_000

export class KyselyPayloadStore implements PayloadStore {
  readonly #db: Kysely<PayloadTables>
  readonly #clock: Pick<Clock, 'now'>
  #ready: Promise<void> | undefined

  /** The database is closed with the store. */
  constructor(db: Kysely<PayloadTables>, clock: Pick<Clock, 'now'>) {
    this.#db = db
    this.#clock = clock
  }

  async put(bytes: Uint8Array): Promise<PayloadId> {
    const id = payloadIdOf(bytes)
    const row = { id, content: bytes, bytes: bytes.length, stored_at: this.#clock.now() }
    await this.#tried((db) =>
      db
        .insertInto('kasaga_payloads')
        .values(row)
        // What is there has the same content: only its age changes.
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ stored_at: row.stored_at }))
        .execute(),
    )
    return id
  }

  async get(id: PayloadId): Promise<FoundPayload> {
    const row = await this.#tried((db) =>
      db.selectFrom('kasaga_payloads').select('content').where('id', '=', id).executeTakeFirst(),
    )
    return checkedPayload(id, row?.content)
  }

  async health(): Promise<void> {
    await this.#tried((db) => sql`select 1 from kasaga_payloads limit 1`.execute(db))
  }

  async *list(): AsyncIterable<StoredPayload> {
    let after = ''
    for (;;) {
      const rows = await this.#page(after)
      for (const { id, bytes, stored_at } of rows)
        yield { id: id as PayloadId, bytes: Number(bytes), storedAt: Number(stored_at) }
      const last = rows.at(-1)
      if (!last) return
      after = last.id
    }
  }

  async remove(id: PayloadId, putBefore: number): Promise<boolean> {
    const { numDeletedRows } = await this.#tried((db) =>
      db.deleteFrom('kasaga_payloads').where('id', '=', id).where('stored_at', '<', putBefore).executeTakeFirst(),
    )
    return numDeletedRows > 0n
  }

  async close(): Promise<void> {
    await this.#db.destroy()
  }

  #page(after: string) {
    return this.#tried((db) =>
      db
        .selectFrom('kasaga_payloads')
        .select(['id', 'bytes', 'stored_at'])
        .where('id', '>', after)
        .orderBy('id')
        .limit(PAGE_ROWS)
        .execute(),
    )
  }

  /** Whatever a database refuses here, it refuses for its own state: the same payload may pass later. */
  async #tried<T>(work: (db: Kysely<PayloadTables>) => Promise<T>): Promise<T> {
    try {
      this.#ready ??= migratePayloads(this.#db)
      await this.#ready
      return await work(this.#db)
    } catch (error) {
      this.#ready = undefined
      const message = `the table of payloads cannot be used: ${messageOf(error)}`
      const options = { where: 'kysely-payload-store', retriable: true, cause: error }
      throw new OperationalError('payload-store-unavailable', message, options)
    }
  }
}
