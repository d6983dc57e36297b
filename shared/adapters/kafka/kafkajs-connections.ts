/**
 * Mends kafkajs's connections on import: requests that find one closed at the same time each open a socket, of which
 * only the last is used and ever closed, and the end of any other cuts that one off. Here they share one attempt.
 *
 *     (none) ── connect ──▶ under way ── connected, failed, time limit, disconnect ──▶ (none)
 */
import { createRequire } from 'node:module'

interface Connection {
  readonly connectionTimeout: number
  connect(): Promise<unknown>
  disconnect(): Promise<unknown>
}

/** Beyond kafkajs's own limit, which a connection that is closed meanwhile no longer keeps. */
const GRACE_MS = 500

const require = createRequire(import.meta.url)
const { prototype } = require('kafkajs/src/network/connection.js') as { readonly prototype: Connection }
const { connect, disconnect } = prototype
const underWay = new WeakMap<Connection, Promise<unknown>>()

prototype.connect = function (this: Connection): Promise<unknown> {
  const known = underWay.get(this)
  if (known !== undefined) return known
  const attempt = withinTime(connect.call(this), this.connectionTimeout + GRACE_MS).finally(() => {
    if (underWay.get(this) === attempt) underWay.delete(this)
  })
  underWay.set(this, attempt)
  return attempt
}

prototype.disconnect = function (this: Connection): Promise<unknown> {
  underWay.delete(this)
  return disconnect.call(this)
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
