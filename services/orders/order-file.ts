/** Files of orders: one JSON object a line. */
import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseJsonText } from '../../shared/message/json.ts'
import { Order } from './order.ts'

/**
 * Reads a file of orders, without holding it in memory.
 * @throws TypeError with the line's number when a line is no order.
 */
export async function* readOrders(path: string): AsyncGenerator<Order> {
  let number = 0
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    number++
    if (line.trim() === '') continue
    const parsed = parseJsonText(line)
    if (parsed.kind === 'refused') throw new TypeError(`${path}, line ${number}: ${parsed.message}`)
    const order = Order.safeParse(parsed.value)
    if (!order.success) throw new TypeError(`${path}, line ${number} is no order: ${order.error.message}`)
    yield order.data
  }
}

/** Writes orders to a file, one a line. */
export async function writeOrders(path: string, orders: Iterable<Order>): Promise<void> {
  function* lines(): Generator<string> {
    for (const order of orders) yield `${JSON.stringify(order)}\n`
  }
  await pipeline(Readable.from(lines()), createWriteStream(path))
}
