/**
 * Mends one timer of kafkajs on import: its request queue asks for a delay long before the epoch after every request,
 * which Node runs at once, as is meant, but complains about in a warning.
 */
import { createRequire } from 'node:module'

/** kafkajs's own interval for looking after requests that wait. */
const CHECK_AFTER_MS = 10

interface RequestQueue {
  throttledUntil: number
  scheduleCheckPendingRequests(): void
}

const require = createRequire(import.meta.url)
const { prototype } = require('kafkajs/src/network/requestQueue/index.js') as { readonly prototype: RequestQueue }
const schedule = prototype.scheduleCheckPendingRequests

prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
  const until = this.throttledUntil
  this.throttledUntil = Math.max(until, Date.now() + CHECK_AFTER_MS)
  schedule.call(this)
  this.throttledUntil = until
}
