/** From what a handler returned or threw to the reply that is sent. */
import type { ReplyContent } from '../message/command-record.ts'
import { messageOf } from '../message/errors.ts'
import { largerThan } from '../message/json.ts'
import { Rejected, StepFailure } from './answer.ts'
import { DONE, errorContent } from './inbox-verdict.ts'
import type { ReceivedCommand } from './received-command.ts'

/** Ends the handler's transaction; carries the reply that the command gets if it was alone in it. */
export class HandlerFault extends Error {
  readonly content: ReplyContent

  constructor(content: ReplyContent, cause: unknown) {
    super(messageOf(cause), { cause })
    this.name = 'HandlerFault'
    this.content = content
  }
}

/** Ends the handler's transaction with a refusal that was thrown: it is to be stored in another. */
export class ThrownRefusal extends Error {
  readonly refusal: Rejected

  constructor(refusal: Rejected) {
    super(`the handler threw a refusal: ${refusal.message}`)
    this.refusal = refusal
  }
}

/** What a caller is told of an error that was not made for it: its text may name tables, hosts or customers. */
const UNTOLD = 'the handler threw an error, which the log of its service tells'

/** The answer where it was not the command that failed. */
export const HANDLER_ERROR: ReplyContent = errorContent('failed', { code: 'handler-error', message: UNTOLD })

/** What ends the transaction of a handler that threw. Only `rejected`, `failed` and `fatal` leave the service with their own words. */
export function faultOf(error: unknown, signal: AbortSignal): HandlerFault | ThrownRefusal {
  if (error instanceof Rejected) return new ThrownRefusal(error)
  if (error instanceof StepFailure) {
    const content = errorContent(error.outcome, error)
    return new HandlerFault({ ...content, retryAfterMs: error.retryAfterMs }, error)
  }
  const code = signal.aborted ? 'handler-aborted' : 'handler-error'
  return new HandlerFault(errorContent('failed', { code, message: UNTOLD }), error)
}

/**
 * The content of the reply to what a handler returned.
 * @throws HandlerFault when it returned a failure, an output that breaks the contract, a refusal to compensate, or, to one
 * of many, nothing.
 */
export function contentOf(command: ReceivedCommand<never>, answer: unknown): ReplyContent {
  if (answer instanceof StepFailure) throw faultOf(answer, new AbortController().signal)
  if (answer instanceof Rejected) return refusalOf(command, answer)
  const { output } = command.operation.command
  if (!output) return DONE
  const checked = output.safeParse(answer ?? null)
  if (!checked.success && answer === undefined && command.operation.gather) throw unanswered('no answer in its place')
  if (!checked.success) throw invalidOutput(checked.error.message)
  const body = textOf(checked.data)
  if (Buffer.byteLength(body) > command.limits.bytesMax) throw invalidOutput(largerThan(command.limits))
  return { outcome: 'success', body }
}

/** The fault of a handler that takes many and did not answer this one. */
export function unanswered(why: string): HandlerFault {
  return new HandlerFault(errorContent('failed', { code: 'no-answer', message: UNANSWERED }), why)
}

const UNANSWERED = 'the handler gave no answer to this command'

/** A compensation has no business no: stored, it could never be tried again. So it is technical, for good. */
function refusalOf(command: ReceivedCommand<never>, refusal: Rejected): ReplyContent {
  if (command.info.direction === 'compensate')
    throw new HandlerFault(errorContent('fatal', refusal), `a compensation was refused: ${refusal.message}`)
  return errorContent('rejected', refusal)
}

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null'
  } catch (error) {
    throw invalidOutput(messageOf(error))
  }
}

function invalidOutput(message: string): HandlerFault {
  return new HandlerFault(errorContent('fatal', { code: 'invalid-output', message }), `invalid output: ${message}`)
}
