/** Errors as RFC 9457 problems: a stable code, one sentence, an id to find it by in the log, and nothing of the inside. */
import type { Problem as ProblemBody } from '../../shared/client/http-api.ts'

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  403: 'Forbidden',
  404: 'Not found',
  408: 'Timed out',
  409: 'Conflict',
  413: 'Too large',
  414: 'Path too long',
  415: 'Unsupported media type',
  422: 'Unprocessable content',
  429: 'Too many requests',
  431: 'Headers too large',
  500: 'Internal error',
  503: 'Unavailable',
  504: 'Timed out',
  507: 'Insufficient storage',
}

export type ProblemExtras = Pick<ProblemBody, 'issues' | 'lag'>

/** Thrown by routes; the error handler writes it out. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly extras: ProblemExtras

  constructor(status: number, code: string, detail: string, extras: ProblemExtras = {}) {
    super(detail)
    this.name = 'Problem'
    this.status = status
    this.code = code
    this.extras = extras
  }
}

/** The body of a problem. */
export function problemBody(problem: Problem, id: string): ProblemBody {
  return {
    type: `urn:kasaga:problem:${problem.code}`,
    title: TITLES[problem.status] ?? 'Error',
    status: problem.status,
    code: problem.code,
    detail: problem.message,
    id,
    ...problem.extras,
  }
}
