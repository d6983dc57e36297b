import type { Pool } from 'pg'

/**
 * Keeps the process alive when a connection breaks that somebody has taken from the pool. The client says so with an event
 * of its own besides failing its queries, and the pool listens to the idle ones only: unheard, the event would end the
 * process. Whoever has the connection is told by the query that is under way, or by the next one.
 */
export function surviveBreaks(pool: Pool): void {
  pool.on('connect', (client) => {
    client.on('error', () => {})
  })
}
