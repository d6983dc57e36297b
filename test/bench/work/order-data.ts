/** The orders that are measured, by number. Imports nothing, so that what runs on other engines works on the very same. */

export type BenchOrder = {
  readonly id: string
  readonly nth: number
  readonly customer: string
  readonly street: string
  readonly city: string
  readonly sku: string
  readonly quantity: number
  readonly cents: number
}

const REFUSED_EVERY = 10
export const STEPS_PER_SAGA = 3 + 2 / REFUSED_EVERY

/** Whether the order with that number is shipped: exact counts follow from it. */
export function isShipped(nth: number): boolean {
  return nth % REFUSED_EVERY !== REFUSED_EVERY - 1
}

/** Of the first so many orders, how many end in which way. */
export function endsOf(orders: number): { readonly completed: number; readonly compensated: number } {
  const compensated = Math.floor(orders / REFUSED_EVERY)
  return { completed: orders - compensated, compensated }
}

export function orderOf(nth: number, id: string = `order-${nth}`): BenchOrder {
  return {
    id,
    nth,
    customer: `customer-${String(nth % 100_000).padStart(6, '0')}@example.com`,
    street: `${nth % 300} Long Street, apartment ${nth % 40}`,
    city: '1012 JS Amsterdam, Netherlands',
    sku: `sku-${nth % 1_000}`,
    quantity: 1 + (nth % 3),
    cents: 1_000 + (nth % 9_000),
  }
}

const NOTE = 'done as asked, nothing more to say of it, and kept for thirty days from now on'

/** What a step answers. */
export function done(prefix: string, id: string): { readonly id: string; readonly note: string } {
  return { id: `${prefix}-${id}`, note: NOTE }
}
