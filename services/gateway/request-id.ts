/** The request id of a change: the caller's own, so that it can be repeated without a second effect, or a new one. */
import type { FastifyRequest } from 'fastify'
import { isRequestId, REQUEST_ID_CHARS_MAX } from '../../shared/message/ids.ts'
import type { Ids } from '../../shared/ports/clock.ts'
import { Problem } from './problem.ts'

/** `Idempotency-Key`, or a new id. */
export function requestIdOf(request: Pick<FastifyRequest, 'headers'>, ids: Ids): string {
  const own = request.headers['idempotency-key']
  if (own === undefined) return ids.next()
  if (typeof own === 'string' && isRequestId(own)) return own
  throw new Problem(
    400,
    'invalid-request',
    `Idempotency-Key: 1 to ${REQUEST_ID_CHARS_MAX} characters of A-Z a-z 0-9 . _ : - / [ ]`,
  )
}
