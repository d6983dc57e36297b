/**
 * Participants that keep a book: every command that is carried out adds one to an entry or takes one away, in the
 * transaction of its inbox. So what a saga has done, net, can be read afterwards and held against its plan.
 */
import type { Kysely, Transaction } from 'kysely'
import type { Home } from '../../../services/home.ts'
import type { Business } from '../../../services/one-process/main.ts'
import { prepare } from '../../../services/participants/home.ts'
import { migrateInbox } from '../../../shared/adapters/postgres/inbox-table.ts'
import { type Migrations, migrate } from '../../../shared/adapters/postgres/migrate.ts'
import { type Answer, Rejected } from '../../../shared/participant/answer.ts'
import { type BatchItem, batched, type CommandInfo, type Handlers } from '../../../shared/participant/handlers.ts'
import { participantService } from '../../../shared/participant/participant-service.ts'
import type { Command, Contract } from '../../../shared/saga/contract.ts'

/** What carrying a command out comes to: one more or one less of an entry (none: it only looks), and the answer. */
export interface Deed<Input, Output> {
  readonly entry?: (input: Input) => string
  readonly adds: 1 | -1
  readonly answer: (input: Input, command: CommandInfo) => Answer<Output> | Promise<Answer<Output>>
}

/** Does something that counts one, unless it is refused. */
export function does<Input, Output>(
  entry: (input: Input) => string,
  answer: Deed<Input, Output>['answer'],
): Deed<Input, Output> {
  return { entry, adds: 1, answer }
}

/** Takes one back. */
export function undoes<Input>(entry: (input: Input) => string): Deed<Input, null> {
  return { entry, adds: -1, answer: () => null }
}

/** Answers, and changes nothing. */
export function tells<Input, Output>(answer: Deed<Input, Output>['answer']): Deed<Input, Output> {
  return { adds: 1, answer }
}

/** A deed for each command of a contract. */
export type Deeds<C extends Contract> = {
  readonly [Name in keyof C]: C[Name] extends Command<infer Input, infer Output> ? Deed<Input, Output> : never
}

interface BookTables {
  readonly book: { readonly entry: string; readonly adds: number; readonly saga_id: string; readonly step: string }
}

const MIGRATIONS: Migrations = {
  '0001-book': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('book')
        .addColumn('entry', 'text', (column) => column.notNull())
        .addColumn('adds', 'integer', (column) => column.notNull())
        .addColumn('saga_id', 'text', (column) => column.notNull())
        .addColumn('step', 'text', (column) => column.notNull())
        .execute()
      await db.schema.createIndex('book_saga_id').on('book').column('saga_id').execute()
    },
  },
}

/** All participants write into one database, as one team's services may. */
const DATABASE = 'books'

type Tx = Transaction<BookTables>
type AnyDeed = Deed<never, unknown>

/** A participant that keeps a book, ready for whichever home. */
export type Bookkeeper = Business['participants'][number]

/** The participant of a contract. */
export function bookkeeper<C extends Contract>(contract: C, deeds: Deeds<C>): Bookkeeper {
  const handlers = Object.fromEntries(Object.entries<AnyDeed>(deeds).map(([key, deed]) => [key, handlerOf(deed)]))
  return (home, settings) =>
    prepare<BookTables>(home, settings, {
      name: DATABASE,
      migrations: MIGRATIONS,
      service: (options) => participantService(contract, handlers as unknown as Handlers<C, Tx>, options),
    })
}

/** Makes the tables before all bookkeepers ask for them at once. */
export async function openBooks(home: Home): Promise<void> {
  const db = home.participantDatabase<BookTables>(DATABASE)
  await migrateInbox(db)
  await migrate(db, DATABASE, MIGRATIONS)
}

/** Many commands to a transaction: the book gets one statement for all of them. */
function handlerOf(deed: AnyDeed) {
  return batched(async (items: readonly BatchItem<never>[], { tx }: { tx: Tx }) => {
    const answers = await Promise.all(items.map(({ input, command }) => deed.answer(input, command)))
    const { entry, adds } = deed
    const rows = items.flatMap(({ input, command: { sagaId, step } }, i) =>
      entry && !(answers[i] instanceof Rejected) ? [{ entry: entry(input), adds, saga_id: sagaId, step }] : [],
    )
    if (rows.length > 0) await tx.insertInto('book').values(rows).execute()
    return answers
  })
}

/** `kept`: done once. `undone`: done once and undone once. Anything else is a mistake, and told as it is counted. */
export type Net = 'kept' | 'undone' | `${number} done, ${number} undone`

const text = (done: number, undone: number): Net => {
  if (done === 1 && undone <= 1) return undone === 0 ? 'kept' : 'undone'
  return `${done} done, ${undone} undone`
}

/** What a saga has done, by entry, with what its children have; their ids begin with its own and a point. */
export async function netEffect(home: Home, sagaId: string): Promise<Readonly<Record<string, Net>>> {
  const rows = await home
    .participantDatabase<BookTables>(DATABASE)
    .selectFrom('book')
    .select((eb) => [
      'entry',
      eb.fn.countAll<number | string>().as('all'),
      eb.fn.sum<number | string>('adds').as('net'),
    ])
    .where((eb) => eb.or([eb('saga_id', '=', sagaId), eb('saga_id', 'like', `${sagaId}.%`)]))
    .groupBy('entry')
    .execute()
  const net: Record<string, Net> = {}
  for (const { entry, all, net: sum } of rows) {
    const undone = (Number(all) - Number(sum)) / 2
    net[entry] = text(Number(all) - undone, undone)
  }
  return net
}
