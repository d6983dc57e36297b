import type { Kysely } from 'kysely'
import { expect, test } from 'vitest'
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
import { migrate } from '../../shared/adapters/postgres/migrate.ts'
import { openPostgresDatabase } from '../../shared/adapters/postgres/postgres-database.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { participantService } from '../../shared/participant/participant-service.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { inboxContract } from '../contract/inbox-suite.ts'
import { openRows, type RowTables } from '../support/inbox-rows.ts'
import {
  batchedLedger,
  type LedgerTables,
  ledger,
  type Mode,
  post,
  prepareLedger,
  singleLedger,
  unpost,
} from '../support/ledger.ts'
import { ParticipantRig, type Sent } from '../support/participant-rig.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'
import { withDatabase } from '../support/real-servers/with-database.ts'

/** A database of its own that stays until `close`. */
async function openDatabase<Tables>(server: string): Promise<{ db: Kysely<Tables>; close: () => Promise<void> }> {
  const opened = Promise.withResolvers<Kysely<Tables>>()
  const closing = Promise.withResolvers<void>()
  const dropped = withDatabase(server, async (url) => {
    const db = openPostgresDatabase<Tables>({ url, log: noLog })
    opened.resolve(db)
    await closing.promise
    await db.destroy()
  })
  dropped.catch(opened.reject)
  const close = () => {
    closing.resolve()
    return dropped
  }
  return { db: await opened.promise, close }
}

async function withOpen<Tables>(server: string, use: (db: Kysely<Tables>) => Promise<void>): Promise<void> {
  const { db, close } = await openDatabase<Tables>(server)
  try {
    await use(db)
  } finally {
    await close()
  }
}

await describeReal('participants on Postgres', ['postgres'], ({ postgres }) => {
  inboxContract('postgres', async () => {
    const { db, close } = await openDatabase<RowTables>(postgres)
    await migrateInbox(db)
    return { inbox: kyselyInbox(db), rows: await openRows(db), close }
  })

  test('two processes that migrate at once both find the table', () => withOpen(postgres, migrateTwice))

  test('a deadlock between handlers is trouble that passes, whatever the handler threw', () =>
    withOpen(postgres, resolveDeadlock))

  test('a handler that hides a broken transaction fails alone', () => withOpen(postgres, hideBrokenTransaction))

  test('two groups that carry out the same commands at once leave one effect each (S8)', () =>
    withOpen(postgres, carryOutTwice))

  test('commands that fail for themselves in one transaction with others leave nothing, and fail no other', () =>
    withOpen(postgres, failForThemselves))

  test('the three services add up for their auditors', () => withOpen(postgres, addUp))
})

function reservations(orderId: string, undone: boolean): readonly Sent[] {
  const lines = [
    { sku: 'apple', quantity: 2 },
    { sku: `sku-${orderId}`, quantity: 1 },
  ]
  const reserve: Sent = { saga: orderId, step: 'stock', type: 'inventory.reserve.v1', payload: { orderId, lines } }
  const release: Sent = {
    saga: orderId,
    step: 'stock',
    type: 'inventory.release.v1',
    payload: { orderId },
    direction: 'compensate',
  }
  return undone ? [reserve, release] : [reserve]
}

function charges(orderId: string, undone: boolean): readonly Sent[] {
  const charge: Sent = {
    saga: orderId,
    step: 'charge',
    type: 'payment.charge.v1',
    payload: { orderId, cents: 999, card: '4242' },
  }
  const refund: Sent = {
    saga: orderId,
    step: 'charge',
    type: 'payment.refund.v1',
    payload: { orderId },
    direction: 'compensate',
  }
  return undone ? [charge, refund] : [charge]
}

function shipment(orderId: string): Sent {
  const payload = { orderId, country: 'DE', parcel: { weightGrams: 750 } }
  return { saga: orderId, step: 'ship', type: 'shipping.ship.v1', payload }
}

async function migrateTwice(db: Kysely<RowTables>): Promise<void> {
  await Promise.all([migrateInbox(db), migrateInbox(db)])
  expect((await kyselyInbox(db).transaction((scope) => scope.find([]))).size).toBe(0)
}

async function resolveDeadlock(db: Kysely<RowTables>): Promise<void> {
  await migrateInbox(db)
  const rows = await openRows(db)
  await db
    .insertInto('notes')
    .values([{ text: 'a' }, { text: 'b' }])
    .execute()
  const inbox = kyselyInbox(db)
  const touched = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const cross = (own: string, other: string, index: number) =>
    inbox.transaction(async ({ tx }) => {
      await tx.selectFrom('notes').where('text', '=', own).selectAll().forUpdate().execute()
      touched[index]?.resolve()
      await Promise.all(touched.map(({ promise }) => promise))
      await tx.selectFrom('notes').where('text', '=', other).selectAll().forUpdate().execute()
    })
  const ends = await Promise.allSettled([cross('a', 'b', 0), cross('b', 'a', 1)])
  const lost = ends.filter((end) => end.status === 'rejected')
  expect(lost).toHaveLength(1)
  expect(lost[0]?.reason).toMatchObject({ code: 'inbox-unavailable', retriable: true })
  expect(await rows.all()).toEqual(['a', 'b'])
}

async function hideBrokenTransaction(db: Kysely<LedgerTables>): Promise<void> {
  await prepareLedger(db)
  const rig = await ParticipantRig.open('ledger.commands')
  try {
    const handlers = singleLedger()
    const { post: postOne } = handlers
    const service = participantService(
      ledger,
      {
        ...handlers,
        post: async (input, context) => {
          if (typeof postOne !== 'function') throw new Error('the handler takes one command')
          const answer = await postOne(input, context)
          if (context.command.sagaId === 'poison')
            await context.tx
              .insertInto('entries')
              .values({ key: 'k', attempt: Number.NaN, kind: 'x', amount: 1 })
              .execute()
              .catch(() => undefined)
          return answer
        },
      },
      { broker: rig.broker, inbox: kyselyInbox(db), clock: systemClock },
    )
    await rig.send(...['a', 'poison', 'b'].map((saga) => post(saga)))
    await rig.start(service)
    const told = (await rig.replies(3)).map((reply) => `${reply.sagaId} ${reply.outcome} ${reply.errorCode}`)
    expect(told.sort()).toEqual(['a success undefined', 'b success undefined', 'poison failed inbox-refused'])
    expect(await db.selectFrom('entries').selectAll().execute()).toHaveLength(2)
  } finally {
    await rig.close()
  }
}

async function carryOutTwice(db: Kysely<LedgerTables>): Promise<void> {
  await prepareLedger(db)
  const rig = await ParticipantRig.open('ledger.commands', 4)
  try {
    const sagas = Array.from({ length: 300 }, (_, index) => `s${index}`)
    const undone = sagas.filter((_, index) => index % 3 === 0)
    await rig.send(
      ...sagas.map((saga) => post(saga)),
      ...undone.map((saga) => unpost(saga)),
      ...sagas.map((saga) => post(saga)),
    )
    for (const [group, handlers] of [
      ['one', batchedLedger()],
      ['two', batchedLedger()],
      ['three', singleLedger()],
    ] as const)
      await rig.start(
        participantService(ledger, handlers, {
          broker: rig.broker,
          inbox: kyselyInbox(db),
          clock: systemClock,
          group,
          concurrency: { max: 3 },
          limits: { windowRecordsMax: 20 },
        }),
      )
    const replies = await rig.replies(3 * 700)
    expect(new Set(replies.map((reply) => reply.outcome))).toEqual(new Set(['success']))
    const keys = (await db.selectFrom('entries').select('key').execute()).map((row) => row.key)
    expect(keys.length).toBe(400)
    expect(new Set(keys).size).toBe(400)
  } finally {
    await rig.close()
  }
}

/** Several calls at a time, over the partitions; what fails is taken out of its transaction, or found in halves. */
async function failForThemselves(db: Kysely<LedgerTables>): Promise<void> {
  await prepareLedger(db)
  const rig = await ParticipantRig.open('ledger.commands', 4)
  try {
    const modes: readonly Mode[] = [
      'ok',
      'ok',
      'return-failed',
      'ok',
      'reject',
      'ok',
      'throw',
      'ok',
      'unanswered',
      'ok',
    ]
    const sagas = Array.from({ length: 400 }, (_, index) => ({ id: `s${index}`, mode: modes[index % 10] ?? 'ok' }))
    await rig.send(...sagas.map(({ id, mode }, index) => post(id, mode, { payload: { amount: index % 50, mode } })))
    const handlers = batchedLedger([], { itemsMax: 30, waitMax: '5 ms' })
    const concurrency = { max: 4, key: ({ amount }: { amount: number }) => String(amount) }
    const options = { broker: rig.broker, inbox: kyselyInbox(db), clock: systemClock, concurrency }
    await rig.start(participantService(ledger, handlers, options))
    const replies = await rig.replies(400)
    const told = Object.groupBy(replies, ({ outcome, errorCode }) => `${outcome} ${errorCode ?? ''}`.trim())
    const counts = Object.fromEntries(Object.entries(told).map(([what, some]) => [what, some?.length]))
    expect(counts).toEqual({
      success: 240,
      'failed later': 40,
      'rejected no': 40,
      'failed handler-error': 40,
      'failed no-answer': 40,
    })
    const keys = (await db.selectFrom('entries').select('key').execute()).map((row) => row.key)
    const done = sagas.filter(({ mode }) => mode === 'ok').map(({ id }) => `${id}/step/forward`)
    expect(keys.sort()).toEqual(done.sort())
  } finally {
    await rig.close()
  }
}

async function addUp(db: Kysely<InventoryTables & PaymentTables & ShippingTables>): Promise<void> {
  await migrateInbox(db)
  await migrate(db, 'inventory', inventoryMigrations)
  await migrate(db, 'payment', paymentMigrations)
  await migrate(db, 'shipping', shippingMigrations)
  const rig = await ParticipantRig.open('inventory.commands', 4)
  try {
    await rig.broker.createTopics(
      ['payment.commands', 'shipping.commands'].map((name) => ({ name, partitions: 4, retention: 'forever' })),
    )
    const ports = { broker: rig.broker, clock: systemClock }
    await rig.start(inventoryService({ ...ports, inbox: kyselyInbox(db) }))
    await rig.start(paymentService({ ...ports, inbox: kyselyInbox(db) }))
    await rig.start(shippingService({ ...ports, inbox: kyselyInbox(db) }))
    const orders = Array.from({ length: 60 }, (_, index) => `o${String(index).padStart(2, '0')}`)
    const undone = new Set(orders.filter((_, index) => index % 2 === 0))
    await rig.send(...orders.flatMap((order) => reservations(order, undone.has(order))))
    await rig.sendTo('payment.commands', ...orders.flatMap((order) => charges(order, undone.has(order))))
    await rig.sendTo('shipping.commands', ...orders.filter((order) => !undone.has(order)).map(shipment))
    const replies = await rig.replies(90 + 90 + 30)
    expect(new Set(replies.map((reply) => reply.outcome))).toEqual(new Set(['success']))
    const net = (order: string, amount: number) => ({
      orderId: order,
      applied: amount,
      undone: undone.has(order) ? amount : 0,
    })
    expect(await auditInventory(db.withTables(), { ordersMax: 100 })).toEqual(orders.map((order) => net(order, 3)))
    expect(await auditPayment(db.withTables(), { ordersMax: 100 })).toEqual(orders.map((order) => net(order, 999)))
    expect(await auditShipping(db.withTables(), { ordersMax: 100 })).toHaveLength(30)
    expect(await auditStock(db.withTables())).toEqual([])
  } finally {
    await rig.close()
  }
}
