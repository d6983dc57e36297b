/** A business view of the order-fulfilment saga: what a shop's back office asks, read from the same log. */
import type { SagaEvent } from '../../shared/message/events.ts'
import { projection } from '../../shared/view/projection.ts'
import { bigint, boolean, type ChangeOf, first, int, table, text } from '../../shared/view/table.ts'

export const orders = table('orders', {
  key: ['saga_id'],
  columns: {
    saga_id: text,
    order_id: first(text),
    /** placed, undoing, delivered, cancelled or blocked. */
    status: text,
    country: first(text),
    lines: first(int),
    total_cents: first(bigint),
    reserved: boolean,
    charged: boolean,
    shipped: boolean,
    tracking: text,
    placed_at: first(bigint),
    ended_at: bigint,
  },
})

type Order = { id?: string; country?: string; cents?: number; lines?: readonly unknown[] }
type Change = Omit<ChangeOf<typeof orders>, 'saga_id'>

const DONE: Readonly<Record<string, string>> = { stock: 'reserved', charge: 'charged', ship: 'shipped' }

function changeOf(event: SagaEvent, at: number): Change | undefined {
  switch (event.type) {
    case 'step-succeeded': {
      const column = DONE[event.step]
      const tracking = (event.output as { tracking?: string } | null)?.tracking ?? null
      return column ? { [column]: true, tracking } : undefined
    }
    case 'compensation-succeeded': {
      const column = DONE[event.step]
      return column ? { [column]: false } : undefined
    }
    case 'step-requested':
      return { status: 'placed' }
    case 'compensation-started':
    case 'compensation-requested':
      return { status: 'undoing' }
    case 'saga-stuck':
      return { status: 'blocked' }
    case 'saga-completed':
      return { status: 'delivered', ended_at: at }
    case 'saga-compensated':
      return { status: 'cancelled', ended_at: at }
    default:
      return undefined
  }
}

export const ordersView = projection({
  name: 'orders',
  version: 1,
  tables: { orders },
  event({ sagaId: saga_id, at, event }, changes) {
    if (event.type === 'saga-started') {
      if (event.definition !== 'fulfil-order') return
      const { id, country, cents, lines } = event.input as Order
      const order = { order_id: id, country, total_cents: cents, lines: lines?.length ?? 0, placed_at: at }
      const undone = { reserved: false, charged: false, shipped: false }
      changes.put('orders', { saga_id, status: 'placed', ...order, ...undone })
    } else {
      const change = changeOf(event, at)
      if (change) changes.amend('orders', { saga_id, ...change })
    }
  },
})
