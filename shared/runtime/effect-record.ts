/** Effects as records: to a participant, to a child saga, or to the parent of one. A function of the effect alone (S9). */
import { type AnswerAsker, lockEffectsOf } from '../lock/lock-effects.ts'
import { type ClientCommand, clientCommandRecord } from '../message/client-command-record.ts'
import { commandRecord } from '../message/command-record.ts'
import type { DecodedEvent } from '../message/event-record.ts'
import { CLIENT_COMMAND, H, LOCK_COMMAND, type Outcome, rfc3339 } from '../message/headers.ts'
import { commandId, idempotencyKey, type StepAddress } from '../message/ids.ts'
import type { Json } from '../message/json.ts'
import { type LockCommand, lockCommandRecord } from '../message/lock-command.ts'
import type { NewRecord } from '../message/record.ts'
import { type KasagaTopics, participantTopic } from '../message/topics.ts'
import { type AnswerParent, type Effect, effectsOf, type StartFork, type TellLock } from '../saga/effects.ts'

/** A record and where it goes. */
export interface RoutedRecord {
  readonly topic: string
  readonly key: string
  readonly record: NewRecord
}

export interface EffectContext {
  readonly topics: KasagaTopics
  /** `ce_source` of what is written. */
  readonly source: string
}

/** What sagas and locks ask to be sent. */
export type AnyEffect = Effect | AnswerAsker

/** The effects of an event of the log, whoever's it is. */
export function effectsIn(decoded: DecodedEvent): readonly AnyEffect[] {
  if (decoded.kind === 'event') return effectsOf(decoded.envelope)
  return decoded.kind === 'lock' ? lockEffectsOf(decoded.envelope) : []
}

/** The record of an effect. The same effect gives the same bytes, by whichever owner. */
export function effectRecord(effect: AnyEffect, { topics, source }: EffectContext): RoutedRecord {
  switch (effect.kind) {
    case 'send': {
      const record = commandRecord({ ...effect.command, replyTo: topics.replies }, source)
      return { topic: participantTopic(effect.participant), key: effect.command.sagaId, record }
    }
    case 'answer-parent':
      return { topic: topics.replies, key: effect.parent, record: answerRecord(effect, source) }
    case 'answer-asker':
      return { topic: topics.replies, key: effect.asker.saga, record: lockAnswerRecord(effect, source) }
    case 'ask-lock':
    case 'free-lock':
    case 'leave-lock': {
      const record = lockCommandRecord(lockCommand(effect), { at: effect.at, source })
      return { topic: topics.commands, key: effect.lock, record }
    }
    case 'start-fork': {
      const record = clientCommandRecord(forkCommand(effect), { at: effect.at, source })
      return { topic: topics.commands, key: effect.fork, record }
    }
    default: {
      const record = clientCommandRecord(childCommand(effect), { at: effect.at, source })
      return { topic: topics.commands, key: effect.child, record }
    }
  }
}

/** Why a child that is not waited for is cancelled. */
const PARENT_TURNED_BACK = 'the saga that started it turned back'

/** What is told to a lock, as its owner takes it. */
export function lockCommand(effect: TellLock): LockCommand {
  const { lock: lockId, requestId, at: askedAt } = effect
  const to = { lockId, requestId, askedAt }
  switch (effect.kind) {
    case 'ask-lock':
      return { kind: 'ask', ...to, asker: effect.asker, permits: effect.permits }
    case 'free-lock':
      return { kind: 'free', ...to, asker: effect.asker }
    case 'leave-lock':
      return { kind: 'leave', ...to, saga: effect.saga }
  }
}

type ToChild = Exclude<Effect, TellLock | { kind: 'send' | 'answer-parent' | 'start-fork' }>

/** How a fork is started. */
export function forkCommand({
  fork: sagaId,
  kind: _,
  at: __,
  ...start
}: StartFork): Extract<ClientCommand, { kind: 'start' }> {
  return { kind: 'start', sagaId, ...start }
}

function childCommand(effect: ToChild): ClientCommand {
  const { child: sagaId, requestId } = effect
  switch (effect.kind) {
    case 'start-child': {
      const { definition, version, priority, input, parent } = effect
      return { kind: 'start', sagaId, requestId, definition, version, priority, input, parent }
    }
    case 'undo-child':
      return { kind: 'undo', sagaId, requestId, parent: effect.parent }
    case 'cancel-child':
      return { kind: 'cancel', sagaId, requestId, actor: effect.parent, reason: PARENT_TURNED_BACK }
  }
}

/** A child's answer has the form of a participant's reply; its subject is the child. */
function answerRecord(effect: AnswerParent, source: string): NewRecord {
  const { parent: sagaId, step, direction, attempt, child: subject, requestId: id, outcome, body, at } = effect
  const type = direction === 'forward' ? CLIENT_COMMAND.start : CLIENT_COMMAND.undo
  return ownReply({ sagaId, step, direction }, { attempt, type, subject, id, outcome, body, at, source })
}

/** A lock's answer is one too; its subject is the lock. */
function lockAnswerRecord({ lock, asker, outcome, body, at }: AnswerAsker, source: string): NewRecord {
  const { saga: sagaId, step, attempt } = asker
  const address = { sagaId, step, direction: 'forward' } as const
  const id = `${lock}/${commandId(address, attempt)}`
  return ownReply(address, { attempt, type: LOCK_COMMAND.lock, subject: lock, id, outcome, body, at, source })
}

interface OwnReply {
  readonly attempt: number
  /** Of the command that it answers. */
  readonly type: string
  readonly subject: string
  readonly id: string
  readonly outcome: Outcome
  readonly body: Json
  readonly at: number
  readonly source: string
}

function ownReply(address: StepAddress, reply: OwnReply): NewRecord {
  const { sagaId, step, direction } = address
  return {
    key: sagaId,
    value: JSON.stringify(reply.body),
    headers: [
      [H.specversion, '1.0'],
      [H.contentType, 'application/json'],
      [H.id, reply.id],
      [H.type, `${reply.type}.reply`],
      [H.source, reply.source],
      [H.time, rfc3339(reply.at)],
      [H.subject, reply.subject],
      [H.commandId, commandId(address, reply.attempt)],
      [H.outcome, reply.outcome],
      [H.sagaId, sagaId],
      [H.stepId, step],
      [H.direction, direction],
      [H.attempt, String(reply.attempt)],
      [H.idempotencyKey, idempotencyKey(address)],
    ],
  }
}
