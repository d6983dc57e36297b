/** Whether an answer may be what it is, by what the API's document says of the request. */
import { GATEWAY_LIMITS } from '../../../services/gateway/limits.ts'
import type { HttpCase } from './http-cases.ts'
import type { WireAnswer, WireRequest } from './wire-http.ts'

/** What no document can say of a request, and is refused all the same: by the code's own words. */
const BEYOND_THE_DOCUMENT = [
  'either id or key, and not both',
  'Idempotency-Key',
  'limits: ',
  'business key',
  'the filter is empty',
  'is none, or no value of an attribute',
]
const INSIDE = /\bat .*\.ts|node_modules|select |insert |\bfuzz\.(commands|events)|SQLITE|PGlite/

/** What is wrong with an answer; nothing when it is right. */
export function faultOf({ request, expected }: HttpCase, answer: WireAnswer): string | undefined {
  const { status, body, headers } = answer
  const hasBody = request.method !== 'HEAD'
  if (status >= 500 && !isBehind(request, answer)) return 'an answer of 500 or more'
  if (status >= 400 && hasBody && !isProblem(answer)) return 'no problem as RFC 9457 has them'
  if (status >= 400 && INSIDE.test(body)) return 'it shows the inside'
  if (headers.get('x-content-type-options') !== 'nosniff') return 'without the headers that protect'
  if (expected === 'anything' || (status === 413 && isTooLarge(request))) return undefined
  const code = status >= 400 ? (JSON.parse(body).code as string) : undefined
  if (expected === 'fits') return status === 400 && !isBeyond(body) ? 'the document takes it' : undefined
  if (expected === 'misfits') return status === 400 ? undefined : 'the document does not take it'
  return status === 400 && code === expected.code ? undefined : `it should be ${expected.code}`
}

/** Refused for its size, before anybody reads it. */
function isTooLarge({ body }: WireRequest): boolean {
  return (body?.length ?? 0) > GATEWAY_LIMITS.bodyBytesMax
}

/** A reader that asked to wait for a place, and was told that it is not there yet. */
function isBehind({ target, method }: WireRequest, { status, body }: WireAnswer): boolean {
  return status === 504 && target.includes('atLeast=') && (method === 'HEAD' || body.includes('"view-behind"'))
}

function isBeyond(body: string): boolean {
  return BEYOND_THE_DOCUMENT.some((words) => body.includes(words))
}

function isProblem({ headers, body, status }: WireAnswer): boolean {
  if (!headers.get('content-type')?.startsWith('application/problem+json')) return false
  const problem = JSON.parse(body)
  return (
    problem.status === status &&
    /^[0-9a-f-]{36}$/.test(problem.id) &&
    problem.type === `urn:kasaga:problem:${problem.code}`
  )
}
