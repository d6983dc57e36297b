/**
 * What the inbox says about a command, as a pure function. Keys are per step and direction; an entry once stored stays.
 *
 *     forward     no entry -> run        success, rejected -> stored reply       tombstone -> rejected
 *     compensate  own entry -> stored reply; else by the forward entry:
 *                 none -> tombstone      rejected, tombstone -> success          success -> run
 */
import type { ReplyContent } from '../message/command-record.ts'
import type { IdempotencyKey } from '../message/ids.ts'
import type { InboxEntry } from '../ports/inbox.ts'
import type { ReceivedCommand } from './received-command.ts'

export type Verdict =
  | { readonly kind: 'answer'; readonly content: ReplyContent; readonly reason: AnswerReason }
  /** Nothing to undo yet: keep a tombstone, so that the late command is refused, and answer success. */
  | { readonly kind: 'tombstone' }
  | { readonly kind: 'run' }

/** Why a command is answered without its handler. */
export type AnswerReason = 'redelivered' | 'compensated-before' | 'nothing-to-undo' | 'deadline-exceeded'

export type InboxEntries = ReadonlyMap<IdempotencyKey, InboxEntry>

type Asked = Pick<ReceivedCommand<never>, 'info' | 'forwardKey'>

export const DONE: ReplyContent = { outcome: 'success', body: 'null' }

/** A reply's content with the error body that the wire contract names. */
export function errorContent(
  outcome: 'rejected' | 'failed' | 'fatal',
  error: { readonly code: string; readonly message: string; readonly details?: unknown },
): ReplyContent {
  const { code, details } = error
  const message = error.message.slice(0, ERROR_MESSAGE_CHARS_MAX)
  return { outcome, body: JSON.stringify({ code, message, details }), errorCode: code }
}

const ERROR_MESSAGE_CHARS_MAX = 1_000

/** The time, and when the command is late. */
export interface VerdictTimes {
  readonly now: number
  readonly deadlineAt: number | undefined
}

/** Judges a command by the entries of its key and of its step's forward key. */
export function verdictOf(command: Asked, entries: InboxEntries, { now, deadlineAt }: VerdictTimes): Verdict {
  const own = entries.get(command.info.idempotencyKey)
  if (own) return own.outcome === 'tombstone' ? answer('compensated-before', REFUSED_LATE) : stored(own)
  if (deadlineAt !== undefined && now >= deadlineAt) return answer('deadline-exceeded', PAST_DEADLINE)
  if (command.info.direction === 'forward') return { kind: 'run' }
  const forward = entries.get(command.forwardKey)
  if (!forward) return { kind: 'tombstone' }
  return forward.outcome === 'success' ? { kind: 'run' } : answer('nothing-to-undo', DONE)
}

const REFUSED_LATE = errorContent('rejected', {
  code: 'compensated-before',
  message: 'the step was compensated before its command came',
})

const PAST_DEADLINE = errorContent('failed', {
  code: 'deadline-exceeded',
  message: 'the deadline had passed before the work was started',
})

function answer(reason: AnswerReason, content: ReplyContent): Verdict {
  return { kind: 'answer', content, reason }
}

function stored(entry: InboxEntry): Verdict {
  const { body, errorCode } = entry
  return answer('redelivered', { outcome: entry.outcome === 'rejected' ? 'rejected' : 'success', body, errorCode })
}
