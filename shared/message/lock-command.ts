/** What sagas ask of locks, and persons: records on the commands topic, under the lock's id. */
import { ACTOR_CHARS_MAX, REASON_CHARS_MAX } from './client-command-reader.ts'
import { asPositive, type Decoded, refuse } from './command-record.ts'
import { H, LOCK_COMMAND, rfc3339 } from './headers.ts'
import { isLockId, isRequestId, isSagaId, isStepPath, type LockId, type SagaId } from './ids.ts'
import type { Asker } from './lock-events.ts'
import { headersOf, keyOf, type LogRecord, type NewRecord } from './record.ts'

/** Most sagas that a semaphore lets in. */
export const PERMITS_MAX = 1_000

interface ToLock {
  readonly lockId: LockId
  /** The record's `ce_id`. */
  readonly requestId: string
}

export type LockCommand =
  | (ToLock & {
      readonly kind: 'ask'
      readonly asker: Asker
      readonly permits: number
      /** When it was decided, milliseconds since the epoch: `ce_time`. */
      readonly askedAt: number
    })
  /** One ask is over. */
  | (ToLock & { readonly kind: 'free'; readonly asker: Asker; readonly askedAt: number })
  /** The saga has ended. */
  | (ToLock & { readonly kind: 'leave'; readonly saga: SagaId; readonly askedAt: number })
  /** A person takes it from the saga. */
  | (ToLock & {
      readonly kind: 'take-away'
      readonly saga: SagaId
      readonly actor: string
      readonly reason: string
    })

type Header = readonly [string, string]

/** Writes a command to a lock. The same command and stamp give the same bytes. */
export function lockCommandRecord(
  command: LockCommand,
  stamp: { readonly at: number; readonly source: string },
): NewRecord {
  const { lockId, requestId, kind } = command
  return {
    key: lockId,
    value: 'null',
    headers: [
      [H.specversion, '1.0'],
      [H.contentType, 'application/json'],
      [H.id, requestId],
      [H.type, kind === 'ask' ? LOCK_COMMAND.lock : LOCK_COMMAND.unlock],
      [H.source, stamp.source],
      [H.time, rfc3339(stamp.at)],
      [H.sagaId, lockId],
      ...ownHeaders(command),
    ],
  }
}

function ownHeaders(command: LockCommand): readonly Header[] {
  switch (command.kind) {
    case 'ask':
      return [...askerHeaders(command.asker), [H.permits, String(command.permits)]]
    case 'free':
      return askerHeaders(command.asker)
    case 'leave':
      return [[H.parentSagaId, command.saga]]
    case 'take-away':
      return [
        [H.parentSagaId, command.saga],
        [H.actor, command.actor],
        [H.reason, command.reason],
      ]
  }
}

function askerHeaders({ saga, step, attempt }: Asker): readonly Header[] {
  return [
    [H.parentSagaId, saga],
    [H.parentStepId, step],
    [H.parentAttempt, String(attempt)],
  ]
}

/** Whether a record of the commands topic is for a lock. */
export function isLockCommand(type: string | undefined): boolean {
  return type === LOCK_COMMAND.lock || type === LOCK_COMMAND.unlock
}

type Headers = ReadonlyMap<string, string>
type Parts = ToLock & { readonly saga: SagaId; readonly askedAt: number }

/** Reads a record that is for a lock. Never throws. */
export function decodeLockCommand(record: LogRecord): Decoded<LockCommand> {
  const headers = headersOf(record)
  const parts = decodeParts(record, headers)
  if (parts.kind === 'refused') return parts
  if (headers.get(H.type) === LOCK_COMMAND.lock) return decodeAsk(headers, parts.value)
  return headers.has(H.actor) ? decodeTakeAway(headers, parts.value) : decodeFree(headers, parts.value)
}

function decodeParts(record: LogRecord, headers: Headers): Decoded<Parts> {
  const lockId = headers.get(H.sagaId)
  const requestId = headers.get(H.id)
  const saga = headers.get(H.parentSagaId)
  if (lockId === undefined || requestId === undefined || saga === undefined)
    return refuse('missing-header', `${H.sagaId}, ${H.id} or ${H.parentSagaId} is missing`)
  if (!isLockId(lockId))
    return refuse('bad-header', `${H.sagaId} of a lock is lock: and 1 to 180 characters of A-Z a-z 0-9 . _ : -`)
  if (!isRequestId(requestId) || !isSagaId(saga))
    return refuse('bad-header', `${H.id} or ${H.parentSagaId} is not of its form`)
  if (keyOf(record) !== lockId) return refuse('key-mismatch', `the record's key is not its ${H.sagaId}`)
  const askedAt = Date.parse(headers.get(H.time) ?? '')
  if (!Number.isSafeInteger(askedAt)) return refuse('bad-header', `${H.time} is no time`)
  return { kind: 'ok', value: { lockId, requestId, saga, askedAt } }
}

function decodeAsker(headers: Headers, saga: SagaId): Decoded<Asker> {
  const step = headers.get(H.parentStepId) ?? ''
  const attempt = asPositive(headers.get(H.parentAttempt))
  if (!isStepPath(step) || attempt === undefined)
    return refuse('bad-header', `${H.parentStepId} or ${H.parentAttempt} is not of its form`)
  return { kind: 'ok', value: { saga, step, attempt } }
}

function decodeAsk(headers: Headers, { saga, ...to }: Parts): Decoded<LockCommand> {
  const asker = decodeAsker(headers, saga)
  if (asker.kind === 'refused') return asker
  const permits = asPositive(headers.get(H.permits))
  if (!isPermits(permits)) return refuse('bad-header', `${H.permits} is a whole number from 1 to ${PERMITS_MAX}`)
  return { kind: 'ok', value: { kind: 'ask', ...to, asker: asker.value, permits } }
}

/** Whether so many sagas may hold a lock at the same time. */
export function isPermits(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= PERMITS_MAX
}

function decodeFree(headers: Headers, { saga, ...to }: Parts): Decoded<LockCommand> {
  if (!headers.has(H.parentStepId)) return { kind: 'ok', value: { kind: 'leave', ...to, saga } }
  const asker = decodeAsker(headers, saga)
  return asker.kind === 'refused' ? asker : { kind: 'ok', value: { kind: 'free', ...to, asker: asker.value } }
}

function decodeTakeAway(headers: Headers, { askedAt: _askedAt, ...to }: Parts): Decoded<LockCommand> {
  const actor = headers.get(H.actor) ?? ''
  const reason = headers.get(H.reason) ?? ''
  if (reason.trim() === '') return refuse('bad-header', `${H.reason} is empty: who takes a lock away says why`)
  if (actor.length > ACTOR_CHARS_MAX || reason.length > REASON_CHARS_MAX)
    return refuse('bad-header', `${H.actor} has at most ${ACTOR_CHARS_MAX} characters, ${H.reason} ${REASON_CHARS_MAX}`)
  return { kind: 'ok', value: { kind: 'take-away', ...to, actor, reason } }
}
