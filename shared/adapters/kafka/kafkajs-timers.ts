/**
 * Mends one timer of kafkajs on import: its request queue asks for a delay long before the epoch after every request,
 * which Node runs at once, as is meant, but complains about in a warning. The whole method is replaced, because one
 * that reads the clock once more can find it further on, however short the way.
 */
import { createRequire } from 'node:module'

/** kafkajs's own interval for looking after requests that wait. */
const CHECK_AFTER_MS = 10

interface RequestQueue {
  readonly throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  checkPendingRequests(): void
  scheduleCheckPendingRequests(): void
}

const require = createRequire(import.meta.url)
const { prototype } = require('kafkajs/src/network/requestQueue/index.js') as { readonly prototype: RequestQueue }

prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
  if (this.throttleCheckTimeoutId) return
  const delayMs = Math.max(this.throttledUntil - Date.now(), CHECK_AFTER_MS)
  this.throttleCheckTimeoutId = setTimeout(() => {
    this.throttleCheckTimeoutId = null
    this.checkPendingRequests()
  }, delayMs)
}
