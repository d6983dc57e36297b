/** The three participants of the measured saga on a home's databases, each with an inbox and a table of effects. */
import type { Kysely, Transaction } from 'kysely'
import type { Home } from '../../../services/home.ts'
import { type ParticipantSettings, prepare, type Recipe } from '../../../services/participants/home.ts'
import type { Migrations } from '../../../shared/adapters/postgres/migrate.ts'
import { type ParticipantService, participantService } from '../../../shared/participant/participant-service.ts'
import { bank, benchHandlers, carrier, type Effect, stock } from '../work/order.ts'

interface EffectTables {
  /** One row for each command that was carried out. */
  readonly effects: { readonly effect: string; readonly order_id: string; readonly at: number | string }
}
type Tx = Transaction<EffectTables>

const migrations: Migrations = {
  '0001-effects': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('effects')
        .ifNotExists()
        .addColumn('effect', 'text', (column) => column.primaryKey().notNull())
        .addColumn('order_id', 'text', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .execute()
    },
  },
}

const writing: Effect<Tx> = async (items, tx) => {
  const rows = items.map(({ input, command }) => {
    return { effect: command.idempotencyKey, order_id: input.orderId, at: command.at }
  })
  if (rows.length > 0) await tx.insertInto('effects').values(rows).execute()
}

type Preparing = (home: Home, settings: ParticipantSettings) => Promise<ParticipantService>

function preparing(effect?: Effect<Tx>): readonly Preparing[] {
  const handlers = benchHandlers<Tx>(effect)
  const recipes: readonly Recipe<EffectTables>[] = [
    { name: 'stock', migrations, service: (options) => participantService(stock, handlers.stock, options) },
    { name: 'bank', migrations, service: (options) => participantService(bank, handlers.bank, options) },
    { name: 'carrier', migrations, service: (options) => participantService(carrier, handlers.carrier, options) },
  ]
  return recipes.map((recipe) => (home, settings) => prepare(home, settings, recipe))
}

/** Their inboxes are kept, and nothing else is done. */
export const idleParticipants = preparing()
/** A row for each command, in the inbox's transaction. */
export const writingParticipants = preparing(writing)
