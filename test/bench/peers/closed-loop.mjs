/** Keeps so many calls under way for a time, and answers to its parent, a line for each line that it is told. */
import { createInterface } from 'node:readline'

const REFUSED_EVERY = 10
let started = 0

/** The same order as Kasaga's, by number. */
export function orderOf(nth) {
  return {
    id: `order-${nth}`,
    nth,
    customer: `customer-${String(nth % 100_000).padStart(6, '0')}@example.com`,
    street: `${nth % 300} Long Street, apartment ${nth % 40}`,
    city: '1012 JS Amsterdam, Netherlands',
    sku: `sku-${nth % 1_000}`,
    quantity: 1 + (nth % 3),
    cents: 1_000 + (nth % 9_000),
  }
}

export const isShipped = (nth) => nth % REFUSED_EVERY !== REFUSED_EVERY - 1
const NOTE = 'done as asked, nothing more to say of it, and kept for thirty days from now on'
export const done = (prefix, id) => ({ id: `${prefix}-${id}`, note: NOTE })

/**
 * `place(order)` answers `completed` or `compensated`; any other answer, or an error, makes the run wrong. What is under
 * way at the end is waited for and does not count.
 */
export async function closedLoop(place, inFlight, forMs) {
  const began = performance.now()
  const until = began + forMs
  const tookMs = []
  const wrong = []
  const one = async () => {
    while (performance.now() < until && wrong.length === 0) {
      const order = orderOf(started++)
      const from = performance.now()
      const end = await place(order).catch((error) => String(error))
      if (end !== (isShipped(order.nth) ? 'completed' : 'compensated')) wrong.push(`${order.id}: ${end}`)
      const now = performance.now()
      if (now < until) tookMs.push(now - from)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, one))
  return { ended: tookMs.length, overMs: forMs, tookMs, wrong: wrong.slice(0, 3) }
}

/** Serves `{inFlight, forMs}` lines from stdin until it ends. */
export async function serveLoad(place) {
  process.stdout.write('{"ready":true}\n')
  for await (const line of createInterface({ input: process.stdin })) {
    const { inFlight, forMs } = JSON.parse(line)
    process.stdout.write(`${JSON.stringify(await closedLoop(place, inFlight, forMs))}\n`)
  }
  process.exit(0)
}
