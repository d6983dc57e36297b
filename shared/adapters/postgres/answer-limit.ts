/**
 * A limit for how long an answer of Postgres is waited for. The server gives a statement up by itself; one that hangs, or a
 * network that swallows what it says, gives nothing up, and would hold whoever asked for ever.
 *
 * The connection is ended then, and with it all that is under way on it. `query_timeout` of pg would leave it open: the next
 * to have it would find the transaction that was given up, open still, and commit it with its own.
 */
import type { Pool, PoolClient } from 'pg'

/** After the server should have given up by itself: the answer is on its way. */
const GRACE_MS = 5_000

/** How long an answer is waited for, where the server gives statements up after so long. */
export function answerTimeoutFor(statementTimeoutMs: number): number {
  return statementTimeoutMs + GRACE_MS
}

/** Every query of the pool's connections fails, as on a connection that has broken, when it is not answered in time. */
export function limitAnswers(pool: Pool, answerTimeoutMs: number): void {
  pool.on('connect', (client) => {
    client.query = limited(client, answerTimeoutMs)
  })
}

type Query = PoolClient['query'] & ((...asked: unknown[]) => unknown)

function limited(client: PoolClient, answerTimeoutMs: number): Query {
  const ask = client.query.bind(client) as (...asked: unknown[]) => unknown
  const query = (...asked: unknown[]): unknown => {
    const answer = ask(...asked)
    if (!(answer instanceof Promise)) return answer
    const timer = setTimeout(() => void end(client), answerTimeoutMs)
    return answer.finally(() => clearTimeout(timer))
  }
  return query as Query
}

/** The pool does not give it out again. */
async function end(client: PoolClient): Promise<void> {
  // What is wrong with it is told to whoever asked.
  await (client as PoolClient & { end(): Promise<void> }).end().catch(() => {})
}
