/** Keeps so many calls under way for a time, and answers to its parent, a line for each line that it is told. */
import { createInterface } from 'node:readline'
import { isShipped, orderOf } from '../work/order-data.ts'

let started = 0

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
