/** Files of orders: one JSON object a line. */
import { createWriteStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { messageOf, OperationalError } from '../../shared/message/errors.ts'
import { parseJsonText } from '../../shared/message/json.ts'
import { Order } from './order.ts'

/** What is wrong with a line, as far as one sentence has room for it. */
const ISSUES_SHOWN_MAX = 3

/**
 * Reads a file of orders, without holding it in memory.
 * @throws OperationalError `orders-unreadable`, and `bad-order` with the line's number when a line is no order.
 */
export async function* readOrders(path: string): AsyncGenerator<Order> {
  const file = await opened(path)
  try {
    let number = 0
    for await (const line of file.readLines({ encoding: 'utf8' })) {
      number++
      if (line.trim() !== '') yield orderOf(line, `line ${number} of ${path}`)
    }
  } catch (error) {
    throw error instanceof OperationalError ? error : unreadable(path, error)
  } finally {
    await file.close()
  }
}

/**
 * Reads the whole file and keeps nothing, so that a bad line is met before any order is started.
 * @returns how many orders there are; `undefined` for a pipe, which can be read only once.
 */
export async function countOrders(path: string): Promise<number | undefined> {
  const file = await opened(path)
  const isFile = await file.stat().then((stat) => stat.isFile())
  await file.close()
  if (!isFile) return undefined
  let count = 0
  for await (const _ of readOrders(path)) count++
  return count
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path)
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function orderOf(line: string, where: string): Order {
  const parsed = parseJsonText(line)
  if (parsed.kind === 'refused') throw badOrder(`${where} is not JSON: ${parsed.message}`)
  const order = Order.safeParse(parsed.value)
  if (order.success) return order.data
  const issues = order.error.issues.slice(0, ISSUES_SHOWN_MAX).map(issueText)
  throw badOrder(`${where} is no order: ${issues.join('; ')}`)
}

function issueText({ path, message }: { readonly path: readonly PropertyKey[]; readonly message: string }): string {
  return path.length === 0 ? message : `${path.join('.')}: ${message}`
}

function badOrder(why: string): OperationalError {
  return new OperationalError('bad-order', why, { where: 'orders', retriable: false })
}

function unreadable(path: string, cause: unknown): OperationalError {
  const why = `the orders in ${path} cannot be read: ${messageOf(cause)}`
  return new OperationalError('orders-unreadable', why, { where: 'orders', retriable: false, cause })
}

/** Writes orders to a file, one a line. */
export async function writeOrders(path: string, orders: Iterable<Order>): Promise<void> {
  function* lines(): Generator<string> {
    for (const order of orders) yield `${JSON.stringify(order)}\n`
  }
  await pipeline(Readable.from(lines()), createWriteStream(path))
}
