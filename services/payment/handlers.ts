/** Takes money and gives it back, many orders to a statement. A card is never kept. */
import type { Transaction } from 'kysely'
import { fatal, type Rejected, rejected } from '../../shared/participant/answer.ts'
import { type BatchItem, batched, type Handlers } from '../../shared/participant/handlers.ts'
import type { payment } from './contract.ts'
import type { PaymentTables } from './tables.ts'

type Tx = Transaction<PaymentTables>
type Charge = BatchItem<{ readonly orderId: string; readonly cents: number; readonly card: string }>
type Refund = BatchItem<{ readonly orderId: string; readonly chargeId?: string | undefined }>

/** Cards that end so are declined. */
const DECLINED_ENDING = '0002'

export const paymentHandlers: Handlers<typeof payment, Tx> = {
  charge: batched(async (items, { tx }) => {
    const known = await knownOrders(tx, items)
    const refusals = items.map((item) => refusalOf(item, known))
    const taken = items.filter((_, index) => !refusals[index])
    if (taken.length > 0) await insertCharges(tx, taken)
    return items.map(({ input }, index) => refusals[index] ?? { chargeId: chargeIdOf(input.orderId) })
  }),
  refund: batched(async (items, { tx }) => {
    const charges = await chargesOf(tx, items)
    await insertRefunds(
      tx,
      items.map((item) => refundOf(item, charges)),
    )
    return items.map(() => null)
  }),
}

/** Orders that were charged: by other sagas, because one's own command comes here once. */
async function knownOrders(tx: Tx, items: readonly Charge[]): Promise<ReadonlySet<string>> {
  const chargeIds = items.map(({ input }) => chargeIdOf(input.orderId))
  const rows = await tx.selectFrom('charges').select('order_id').where('charge_id', 'in', chargeIds).execute()
  return new Set(rows.map((row) => row.order_id))
}

/** A known order is a no: left to the table's key it would be a failure in SQL's words, tried again and again. */
function refusalOf({ input: { orderId, card } }: Charge, known: ReadonlySet<string>): Rejected | undefined {
  if (known.has(orderId)) return rejected('order-known', `${orderId} is another saga's order`)
  return card.endsWith(DECLINED_ENDING) ? rejected('card-declined', 'the card was declined') : undefined
}

function chargeIdOf(orderId: string): string {
  return `ch-${orderId}`
}

/** The saga may not know the charge's id, when its reply was lost: the order tells it. */
function chargeOf({ input }: Refund): string {
  return input.chargeId ?? chargeIdOf(input.orderId)
}

function refundOf(item: Refund, charges: ReadonlyMap<string, PaymentTables['charges']>): PaymentTables['refunds'] {
  const charge = charges.get(chargeOf(item))
  const { orderId } = item.input
  if (charge?.order_id !== orderId) throw fatal('unknown-charge', `${orderId} has no such charge`)
  const { charge_id, order_id, cents } = charge
  return { refund_id: `re-${charge_id}`, charge_id, order_id, cents, refunded_at: item.command.at }
}

async function insertCharges(tx: Tx, items: readonly Charge[]): Promise<void> {
  const rows = items.map(({ input, command }) => {
    const { orderId, cents } = input
    return { charge_id: chargeIdOf(orderId), order_id: orderId, cents, charged_at: command.at }
  })
  await tx.insertInto('charges').values(rows).execute()
}

async function chargesOf(tx: Tx, items: readonly Refund[]): Promise<ReadonlyMap<string, PaymentTables['charges']>> {
  const rows = await tx.selectFrom('charges').selectAll().where('charge_id', 'in', items.map(chargeOf)).execute()
  return new Map(rows.map((row) => [row.charge_id, row]))
}

async function insertRefunds(tx: Tx, rows: readonly PaymentTables['refunds'][]): Promise<void> {
  await tx.insertInto('refunds').values(rows).execute()
}
