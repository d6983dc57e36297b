/** Participants on a home: their tables and inbox made, their services ready to start. The shop has three. */
import type { Kysely, Transaction } from 'kysely'
import { migrateInbox } from '../../shared/adapters/postgres/inbox-table.ts'
import { kyselyInbox } from '../../shared/adapters/postgres/kysely-inbox.ts'
import { type Migrations, migrate } from '../../shared/adapters/postgres/migrate.ts'
import type { ParticipantOptions, ParticipantService } from '../../shared/participant/participant-service.ts'
import type { Metrics } from '../../shared/ports/telemetry.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import type { Home } from '../home.ts'
import { inventoryService } from '../inventory/inventory-service.ts'
import { inventoryMigrations } from '../inventory/tables.ts'
import { definitions } from '../orders/definitions.ts'
import { paymentService } from '../payment/payment-service.ts'
import { paymentMigrations } from '../payment/tables.ts'
import { shippingService } from '../shipping/shipping-service.ts'
import { shippingMigrations } from '../shipping/tables.ts'

export interface ParticipantSettings {
  readonly prefix: string
  readonly metrics: Metrics
  readonly inboxRetention?: NonNullable<ParticipantOptions<never>['inboxRetention']>
  /** The sagas that ask them; the shop's unless told otherwise. */
  readonly sagas?: readonly Definition[]
}

export interface Recipe<Tables> {
  /** Names its database, and the record of its migrations. */
  readonly name: string
  readonly migrations: Migrations
  readonly service: (options: ParticipantOptions<Transaction<Tables>>) => ParticipantService
}

/** Makes the tables that are missing, then the service over them. */
export async function prepare<Tables>(
  home: Home,
  settings: ParticipantSettings,
  recipe: Recipe<Tables>,
): Promise<ParticipantService> {
  const { name, migrations, service } = recipe
  const db: Kysely<Tables> = home.participantDatabase<Tables>(name)
  await migrateInbox(db)
  await migrate(db, name, migrations)
  const { broker, clock, log } = home
  return service({ broker, clock, log, inbox: kyselyInbox(db), sagas: definitions.all, ...settings })
}

export const PARTICIPANTS = {
  inventory: (home: Home, settings: ParticipantSettings) =>
    prepare(home, settings, { name: 'inventory', migrations: inventoryMigrations, service: inventoryService }),
  payment: (home: Home, settings: ParticipantSettings) =>
    prepare(home, settings, { name: 'payment', migrations: paymentMigrations, service: paymentService }),
  shipping: (home: Home, settings: ParticipantSettings) =>
    prepare(home, settings, { name: 'shipping', migrations: shippingMigrations, service: shippingService }),
} as const
