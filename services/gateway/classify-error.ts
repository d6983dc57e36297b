/** Whatever went wrong while a request was served, as a problem. What the caller cannot mend says nothing but its id. */
import { InvalidInputError } from '../../shared/client/invalid-input.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import { Problem } from './problem.ts'

interface FrameworkError {
  readonly code: string
  readonly statusCode: number
}

function isFrameworkError(error: unknown): error is FrameworkError {
  return typeof error === 'object' && error !== null && 'code' in error && 'statusCode' in error
}

/** Whatever else the framework finds wrong with a request, now or in a later version of it. */
function isRefusal({ code, statusCode }: FrameworkError): boolean {
  return /^FST_/.test(code) && statusCode >= 400 && statusCode < 500
}

interface SchemaError {
  readonly validation: readonly {
    readonly instancePath?: string
    readonly message?: string
    readonly params?: unknown
  }[]
  readonly validationContext?: string
}

function isSchemaError(error: unknown): error is SchemaError {
  return error instanceof Error && 'validation' in error && Array.isArray(error.validation)
}

const FRAMEWORK: Readonly<Record<string, readonly [status: number, code: string, detail: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [
    413,
    'too-large',
    'the body is larger than this gateway takes; with a payload store (KASAGA_PAYLOADS) it takes up to 16 MiB',
  ],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'unsupported-media-type', 'send application/json'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'invalid-request', 'Content-Length does not match the body'],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, 'not-json', 'the body is empty'],
  FST_ERR_BAD_URL: [400, 'invalid-request', 'the path is not a valid URL'],
  FST_ERR_MAX_PARAM_LENGTH: [414, 'path-too-long', 'a part of the path is too long'],
  FST_ERR_NOT_FOUND: [404, 'no-such-route', 'that leads nowhere here; see /openapi.json'],
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: [415, 'unsupported-media-type', 'send application/json'],
  ECONNRESET: [400, 'cut-short', 'the request ended before its body did'],
  FST_ERR_HANDLER_TIMEOUT: [503, 'timed-out', 'the answer took too long; try again'],
}

/** Seconds after which a caller may try again what failed for want of the log or the views. */
export const RETRY_AFTER_S = 2

function ofSchema(error: SchemaError): Problem {
  const where = error.validationContext ?? 'request'
  const issues = error.validation.map(({ instancePath, message }) => ({
    path: `${where}${instancePath ?? ''}`,
    message,
  }))
  const first = issues[0]
  return new Problem(400, 'invalid-request', first ? `${first.path}: ${first.message}` : 'the request is not valid', {
    issues,
  })
}

const NO_ROOM: ReadonlySet<string> = new Set(['log-full', 'payload-store-full'])

function ofOperational(error: OperationalError): Problem {
  if (NO_ROOM.has(error.code))
    return new Problem(507, 'no-room', 'nothing was stored, because the disk is full; try again once there is room')
  if (error.code === 'append-unknown')
    return new Problem(503, 'outcome-unknown', 'it is unknown whether the command was stored; repeat it as it is')
  return new Problem(503, 'unavailable', 'the log or the views cannot be reached now; try again')
}

/** The problem that an error becomes. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof InvalidInputError)
    return new Problem(422, 'invalid-input', 'the input cannot be used', { issues: [...error.issues] })
  if (error instanceof OperationalError) return ofOperational(error)
  if (isSchemaError(error)) return ofSchema(error)
  if (isFrameworkError(error)) {
    const known = FRAMEWORK[error.code]
    if (known) return new Problem(...known)
    if (isRefusal(error)) return new Problem(400, 'invalid-request', 'the request is not of a form that is taken here')
  }
  return new Problem(500, 'internal', 'something went wrong inside; the id tells the operator where to look')
}
