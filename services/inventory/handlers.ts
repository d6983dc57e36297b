/**
 * Sets stock aside and gives it back, many orders to a statement. Stock is not limited: what is refused follows from
 * the order alone, so results are the same whatever the order of arrival. Transactions touch rows of their own orders
 * only, so those of different orders never wait for each other.
 */
import type { Transaction } from 'kysely'
import type { z } from 'zod'
import { fatal, type Rejected, rejected } from '../../shared/participant/answer.ts'
import { type BatchItem, batched, type Handlers } from '../../shared/participant/handlers.ts'
import type { inventory, OrderLine } from './contract.ts'
import type { InventoryTables } from './tables.ts'

type Tx = Transaction<InventoryTables>
type Line = z.infer<typeof OrderLine>
type Reserve = BatchItem<{ readonly orderId: string; readonly lines: readonly Line[] }>
type Release = BatchItem<{ readonly orderId: string }>

/** Articles whose name begins so are not to be had. */
const NEVER_IN_STOCK = 'NEVER-'
const GRAMS_PER_ITEM = 250

export const inventoryHandlers: Handlers<typeof inventory, Tx> = {
  reserve: batched(async (items, { tx }) => {
    const known = await knownOrders(tx, items)
    const refusals = items.map((item) => refusalOf(item, known))
    const accepted = items.filter((_, index) => !refusals[index])
    if (accepted.length > 0) await reserve(tx, accepted)
    return items.map((item, index) => refusals[index] ?? reservationOf(item))
  }),
  release: batched(async (items, { tx }) => {
    await release(tx, items)
    return items.map(() => null)
  }),
}

/** Orders that stock was set aside for: by other sagas, because one's own command comes here once. */
async function knownOrders(tx: Tx, items: readonly Reserve[]): Promise<ReadonlySet<string>> {
  const orderIds = items.map(({ input }) => input.orderId)
  const rows = await tx.selectFrom('reservations').select('order_id').where('order_id', 'in', orderIds).execute()
  return new Set(rows.map((row) => row.order_id))
}

/** A known order is a no: left to the table's key it would be a failure in SQL's words, tried again and again. */
function refusalOf({ input: { orderId, lines } }: Reserve, known: ReadonlySet<string>): Rejected | undefined {
  if (known.has(orderId)) return rejected('order-known', `${orderId} is another saga's order`)
  const line = lines.find(({ sku }) => sku.startsWith(NEVER_IN_STOCK))
  return line && rejected('never-in-stock', `${line.sku} is not to be had`, { sku: line.sku })
}

function reservationOf({ input }: Reserve) {
  const quantity = input.lines.reduce((sum, line) => sum + line.quantity, 0)
  return { reservationId: `res-${input.orderId}`, parcel: { weightGrams: quantity * GRAMS_PER_ITEM } }
}

async function reserve(tx: Tx, items: readonly Reserve[]): Promise<void> {
  const rows = items.flatMap(({ input, command }) =>
    [...quantities(input.lines)].map(([sku, quantity]) => {
      return { order_id: input.orderId, sku, quantity, reserved_at: command.at, released_at: null }
    }),
  )
  await insertReservations(tx, rows)
  await insertMovements(
    tx,
    rows.map(({ order_id, sku, quantity, reserved_at }) => ({ order_id, sku, quantity, moved_at: reserved_at })),
  )
}

async function release(tx: Tx, items: readonly Release[]): Promise<void> {
  const orderIds = items.map(({ input }) => input.orderId)
  const releasedAt = Math.max(...items.map(({ command }) => command.at))
  const released = await markReleased(tx, orderIds, releasedAt)
  const found = new Set(released.map((row) => row.order_id))
  const unknown = orderIds.find((orderId) => !found.has(orderId))
  if (unknown !== undefined) throw fatal('unknown-reservation', `${unknown} has nothing that could be released`)
  await insertMovements(
    tx,
    released.map(({ order_id, sku, quantity }) => ({ order_id, sku, quantity: -quantity, moved_at: releasedAt })),
  )
}

/** Quantity per article: an order may name one twice. */
function quantities(lines: readonly Line[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { sku, quantity } of lines) sums.set(sku, (sums.get(sku) ?? 0) + quantity)
  return sums
}

/** Rows in one statement, below both databases' limit on parameters. */
const ROWS_MAX = 2_000

async function insertReservations(tx: Tx, rows: readonly InventoryTables['reservations'][]): Promise<void> {
  for (let start = 0; start < rows.length; start += ROWS_MAX) {
    await tx
      .insertInto('reservations')
      .values(rows.slice(start, start + ROWS_MAX))
      .execute()
  }
}

function markReleased(tx: Tx, orderIds: readonly string[], releasedAt: number) {
  return tx
    .updateTable('reservations')
    .set({ released_at: releasedAt })
    .where('order_id', 'in', orderIds)
    .where('released_at', 'is', null)
    .returning(['order_id', 'sku', 'quantity'])
    .execute()
}

async function insertMovements(tx: Tx, rows: readonly InventoryTables['stock_movements'][]): Promise<void> {
  for (let start = 0; start < rows.length; start += ROWS_MAX) {
    await tx
      .insertInto('stock_movements')
      .values(rows.slice(start, start + ROWS_MAX))
      .execute()
  }
}
