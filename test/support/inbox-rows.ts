import { type Kysely, sql, type Transaction } from 'kysely'

export interface RowTables {
  readonly notes: { readonly text: string }
}

/** A table of a handler's own, to see that it commits with the inbox and not without it. */
export async function openRows(db: Kysely<RowTables>) {
  await sql`create table notes (text text not null primary key)`.execute(db)
  return {
    async write(tx: Transaction<RowTables>, text: string): Promise<void> {
      await tx.insertInto('notes').values({ text }).execute()
    },
    async all(): Promise<readonly string[]> {
      return (await db.selectFrom('notes').selectAll().orderBy('text').execute()).map((row) => row.text)
    },
  }
}
