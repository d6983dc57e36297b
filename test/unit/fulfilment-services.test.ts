import type { Kysely } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { auditInventory, auditStock } from '../../services/inventory/audit-query.ts'
import { inventoryService } from '../../services/inventory/inventory-service.ts'
import { type InventoryTables, inventoryMigrations } from '../../services/inventory/tables.ts'
import { auditPayment } from '../../services/payment/audit-query.ts'
import { paymentService } from '../../services/payment/payment-service.ts'
import { type PaymentTables, paymentMigrations } from '../../services/payment/tables.ts'
import { auditShipping } from '../../services/shipping/audit-query.ts'
import { shippingService } from '../../services/shipping/shipping-service.ts'
import { type ShippingTables, shippingMigrations } from '../../services/shipping/tables.ts'
import { migrateInbox } from '../../shared/adapters/postgres/inbox-table.ts'
import { kyselyInbox } from '../../shared/adapters/postgres/kysely-inbox.ts'
import { type Migrations, migrate } from '../../shared/adapters/postgres/migrate.ts'
import { openSqliteDatabase } from '../../shared/adapters/sqlite/sqlite-database.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import type { Json } from '../../shared/message/json.ts'
import type { ParticipantService } from '../../shared/participant/participant-service.ts'
import { ParticipantRig, type Sent } from '../support/participant-rig.ts'

const open: (() => Promise<void>)[] = []
let rig: ParticipantRig

async function database<Tables>(set: string, migrations: Migrations): Promise<Kysely<Tables>> {
  const db = openSqliteDatabase<Tables>({ path: ':memory:' })
  open.push(() => db.destroy())
  await migrateInbox(db)
  await migrate(db, set, migrations)
  return db
}

async function outcomes(service: ParticipantService, commands: readonly Sent[]) {
  await rig.send(...commands)
  await rig.start(service)
  const replies = await rig.replies(commands.length)
  const told = replies.map((reply): [string, [string, Json]] => [
    `${reply.sagaId} ${reply.direction}`,
    [reply.outcome, reply.errorCode ?? reply.body],
  ])
  return Object.fromEntries(told)
}

function ports() {
  return { broker: rig.broker, clock: systemClock }
}

beforeEach(async () => {
  rig = await ParticipantRig.open('inventory.commands')
})

afterEach(async () => {
  await rig.close()
  for (const close of open.splice(0)) await close()
})

test('inventory sets aside and gives back, and its stock adds up', async () => {
  const db = await database<InventoryTables>('inventory', inventoryMigrations)
  const reserve = (saga: string, ...lines: Json[]): Sent => {
    return { saga, type: 'inventory.reserve.v1', payload: { orderId: saga, lines } }
  }
  const release = (saga: string): Sent => {
    return { saga, type: 'inventory.release.v1', payload: { orderId: saga }, direction: 'compensate' }
  }
  const told = await outcomes(inventoryService({ ...ports(), inbox: kyselyInbox(db) }), [
    reserve('o1', { sku: 'apple', quantity: 2 }, { sku: 'pear', quantity: 1 }, { sku: 'apple', quantity: 3 }),
    reserve('o2', { sku: 'apple', quantity: 4 }),
    reserve('o3', { sku: 'apple', quantity: 1 }, { sku: 'NEVER-1', quantity: 1 }),
    release('o2'),
    release('o3'),
  ])
  expect(told).toEqual({
    'o1 forward': ['success', { reservationId: 'res-o1', parcel: { weightGrams: 1_500 } }],
    'o2 forward': ['success', { reservationId: 'res-o2', parcel: { weightGrams: 1_000 } }],
    'o3 forward': ['rejected', 'never-in-stock'],
    'o2 compensate': ['success', null],
    'o3 compensate': ['success', null],
  })
  expect(await auditInventory(db, { ordersMax: 10 })).toEqual([
    { orderId: 'o1', applied: 6, undone: 0 },
    { orderId: 'o2', applied: 4, undone: 4 },
  ])
  expect(await auditInventory(db, { after: 'o1', ordersMax: 10 })).toHaveLength(1)
  expect(await auditStock(db)).toEqual([])
  const moved = (more: object) => ({ order_id: 'o2', sku: 'apple', ...more })
  const movements = await db
    .selectFrom('stock_movements')
    .select(['order_id', 'sku', 'quantity'])
    .where('order_id', '=', 'o2')
    .orderBy('quantity')
    .execute()
  expect(movements).toEqual([moved({ quantity: -4 }), moved({ quantity: 4 })])
  await db.insertInto('stock_movements').values({ order_id: 'o1', sku: 'pear', quantity: 8, moved_at: 0 }).execute()
  await db.deleteFrom('stock_movements').where('sku', '=', 'apple').where('order_id', '=', 'o1').execute()
  expect(await auditStock(db)).toEqual([
    { orderId: 'o1', sku: 'apple', moved: 0, reserved: 5 },
    { orderId: 'o1', sku: 'pear', moved: 9, reserved: 1 },
  ])
})

test('payment charges and refunds, whether the charge is known or not', async () => {
  rig = await reopened('payment.commands')
  const db = await database<PaymentTables>('payment', paymentMigrations)
  const charge = (saga: string, card: string): Sent => {
    return { saga, type: 'payment.charge.v1', payload: { orderId: saga, cents: 1_250, card } }
  }
  const refund = (saga: string, more: Record<string, Json> = {}): Sent => {
    return { saga, type: 'payment.refund.v1', payload: { orderId: saga, ...more }, direction: 'compensate' }
  }
  const told = await outcomes(paymentService({ ...ports(), inbox: kyselyInbox(db) }), [
    charge('o1', '4242424242424242'),
    charge('o2', '4000000000000002'),
    charge('o3', '4242424242424242'),
    charge('o4', '4242424242424242'),
    charge('o5', '4242424242424242'),
    refund('o2'),
    refund('o3'),
    refund('o4', { chargeId: 'ch-o4' }),
    refund('o5', { chargeId: 'ch-o1' }),
    refund('o6'),
  ])
  expect(told).toMatchObject({
    'o1 forward': ['success', { chargeId: 'ch-o1' }],
    'o2 forward': ['rejected', 'card-declined'],
    'o2 compensate': ['success', null],
    'o3 compensate': ['success', null],
    'o4 compensate': ['success', null],
    'o5 compensate': ['fatal', 'unknown-charge'],
    'o6 compensate': ['success', null],
  })
  expect(await auditPayment(db, { ordersMax: 10 })).toEqual([
    { orderId: 'o1', applied: 1_250, undone: 0 },
    { orderId: 'o3', applied: 1_250, undone: 1_250 },
    { orderId: 'o4', applied: 1_250, undone: 1_250 },
    { orderId: 'o5', applied: 1_250, undone: 0 },
  ])
})

test('shipping hands parcels over, and refuses where nobody delivers', async () => {
  rig = await reopened('shipping.commands')
  const db = await database<ShippingTables>('shipping', shippingMigrations)
  const ship = (saga: string, country: string): Sent => {
    return { saga, type: 'shipping.ship.v1', payload: { orderId: saga, country, parcel: { weightGrams: 500 } } }
  }
  const told = await outcomes(shippingService({ ...ports(), inbox: kyselyInbox(db) }), [
    ship('o1', 'DE'),
    ship('o2', 'Atlantis'),
    ship('o3', 'ZZ'),
    { ...ship('o1', 'DE'), attempt: 2 },
  ])
  expect(told).toEqual({
    'o1 forward': ['success', { tracking: 'tr-o1' }],
    'o2 forward': ['rejected', 'undeliverable-address'],
    'o3 forward': ['rejected', 'undeliverable-address'],
  })
  expect(await auditShipping(db, { ordersMax: 10 })).toEqual([{ orderId: 'o1', applied: 1, undone: 0 }])
})

interface Second {
  readonly participant: string
  readonly forward: string
  readonly undo?: string
  readonly payload: Record<string, Json>
  /** The service on tables of its own, and what its tables say. */
  open(): Promise<{ readonly service: () => ParticipantService; readonly rows: () => Promise<unknown> }>
}

const seconds: readonly Second[] = [
  {
    participant: 'inventory',
    forward: 'inventory.reserve.v1',
    undo: 'inventory.release.v1',
    payload: { lines: [{ sku: 'apple', quantity: 2 }] },
    async open() {
      const db = await database<InventoryTables>('inventory', inventoryMigrations)
      const service = () => inventoryService({ ...ports(), inbox: kyselyInbox(db) })
      return { service, rows: () => auditInventory(db, { ordersMax: 10 }) }
    },
  },
  {
    participant: 'payment',
    forward: 'payment.charge.v1',
    undo: 'payment.refund.v1',
    payload: { cents: 2, card: '4242' },
    async open() {
      const db = await database<PaymentTables>('payment', paymentMigrations)
      const service = () => paymentService({ ...ports(), inbox: kyselyInbox(db) })
      return { service, rows: () => auditPayment(db, { ordersMax: 10 }) }
    },
  },
  {
    participant: 'shipping',
    forward: 'shipping.ship.v1',
    payload: { country: 'DE', parcel: { weightGrams: 500 } },
    async open() {
      const db = await database<ShippingTables>('shipping', shippingMigrations)
      const service = () => shippingService({ ...ports(), inbox: kyselyInbox(db) })
      return { service, rows: () => auditShipping(db, { ordersMax: 10 }) }
    },
  },
]

test.each(seconds)(
  '$participant refuses an order that another saga has, and leaves that one what it has',
  async (of) => {
    rig = await reopened(`${of.participant}.commands`)
    const { service, rows } = await of.open()
    const forward = (saga: string): Sent => {
      return { saga, type: of.forward, payload: { orderId: 'o1', ...of.payload } }
    }
    expect(await outcomes(service(), [forward('first')])).toMatchObject({ 'first forward': ['success', {}] })
    const applied = await rows()
    expect(applied).toMatchObject([{ orderId: 'o1', undone: 0 }])
    // Beside an order that nobody has, and with an undo that must not reach what the first one has.
    const own: Sent = { saga: 'third', type: of.forward, payload: { orderId: 'o3', ...of.payload } }
    const undo: Sent[] = of.undo
      ? [{ saga: 'second', type: of.undo, payload: { orderId: 'o1' }, direction: 'compensate' }]
      : []
    await rig.send(forward('second'), own, ...undo)
    const replies = (await rig.replies(3 + undo.length)).map((reply) => [
      `${reply.sagaId} ${reply.direction}`,
      [reply.outcome, reply.errorCode],
    ])
    expect(Object.fromEntries(replies)).toMatchObject({
      'second forward': ['rejected', 'order-known'],
      'third forward': ['success', undefined],
      ...(of.undo && { 'second compensate': ['success', undefined] }),
    })
    expect(await rows()).toMatchObject([...(applied as object[]), { orderId: 'o3', undone: 0 }])
  },
)

test('of two sagas that bring one order at a time, one has it', async () => {
  rig = await reopened('inventory.commands', 1)
  const db = await database<InventoryTables>('inventory', inventoryMigrations)
  const reserve = (saga: string): Sent => {
    const payload = { orderId: 'o1', lines: [{ sku: 'apple', quantity: 2 }] }
    return { saga, type: 'inventory.reserve.v1', payload }
  }
  const service = inventoryService({ ...ports(), inbox: kyselyInbox(db) })
  const told = await outcomes(service, [reserve('first'), reserve('second')])
  expect(
    Object.values(told)
      .map(([outcome]) => outcome)
      .sort(),
  ).toEqual(['rejected', 'success'])
  expect(await auditInventory(db, { ordersMax: 10 })).toEqual([{ orderId: 'o1', applied: 2, undone: 0 }])
  expect(await auditStock(db)).toEqual([])
})

async function reopened(topic: string, partitions?: number): Promise<ParticipantRig> {
  await rig.close()
  return ParticipantRig.open(topic, partitions)
}
