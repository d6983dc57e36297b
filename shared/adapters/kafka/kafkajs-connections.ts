/**
 * Mends kafkajs's connections on import: requests that find one closed at the same time each open a socket, of which
 * only the last is used and ever closed, and the end of any other cuts that one off. Here they share one attempt.
 *
 *     (none) ── connect ──▶ under way ── connected, failed, time limit ──▶ (none)
 *
 * And one that is closed, or being closed, is not closed again: each time would leave a listener with its dead socket, or with
 * the requests that it waits for.
 */
import { createRequire } from 'node:module'

interface Connection {
  readonly connectionTimeout: number
  readonly connectionStatus: 'connected' | 'disconnecting' | 'disconnected'
  connect(): Promise<unknown>
  disconnect(): Promise<unknown>
}

/** Beyond kafkajs's own limit, which a connection that is closed meanwhile no longer keeps. */
const GRACE_MS = 500

const require = createRequire(import.meta.url)
const { prototype } = require('kafkajs/src/network/connection.js') as { readonly prototype: Connection }
const { connect, disconnect } = prototype
const underWay = new WeakMap<Connection, Promise<unknown>>()
const closing = new WeakMap<Connection, Promise<unknown>>()

prototype.connect = function (this: Connection): Promise<unknown> {
  const known = underWay.get(this)
  if (known !== undefined) return known
  const limitMs = this.connectionTimeout + GRACE_MS
  const attempt = withinTime(connect.call(this), limitMs).finally(() => underWay.delete(this))
  underWay.set(this, attempt)
  return attempt
}

prototype.disconnect = function (this: Connection): Promise<unknown> {
  const isOpen = this.connectionStatus !== 'disconnected' || underWay.has(this)
  if (!isOpen) return Promise.resolve(true)
  const known = closing.get(this)
  if (known !== undefined) return known
  const end = disconnect.call(this).finally(() => closing.delete(this))
  closing.set(this, end)
  return end
}

function withinTime(work: Promise<unknown>, withinMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(timedOut()), withinMs)
    work.then(resolve, reject).finally(() => clearTimeout(limit))
  })
}

function timedOut(): Error {
  return Object.assign(new Error('Connection timeout'), { name: 'KafkaJSConnectionError', retriable: true })
}
