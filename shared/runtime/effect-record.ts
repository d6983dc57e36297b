/** Effects as records: to a participant, to a child saga, or to the parent of one. A function of the effect alone (S9). */
import { type ClientCommand, clientCommandRecord } from '../message/client-command-record.ts'
import { commandRecord } from '../message/command-record.ts'
import { CLIENT_COMMAND, H, rfc3339 } from '../message/headers.ts'
import { commandId, idempotencyKey } from '../message/ids.ts'
import type { NewRecord } from '../message/record.ts'
import { type KasagaTopics, participantTopic } from '../message/topics.ts'
import type { AnswerParent, Effect, StartFork } from '../saga/effects.ts'

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

/** The record of an effect. The same effect gives the same bytes, by whichever owner. */
export function effectRecord(effect: Effect, { topics, source }: EffectContext): RoutedRecord {
  switch (effect.kind) {
    case 'send': {
      const record = commandRecord({ ...effect.command, replyTo: topics.replies }, source)
      return { topic: participantTopic(effect.participant), key: effect.command.sagaId, record }
    }
    case 'answer-parent':
      return { topic: topics.replies, key: effect.parent, record: answerRecord(effect, source) }
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

type ToChild = Exclude<Effect, { kind: 'send' | 'answer-parent' | 'start-fork' }>

function forkCommand({ fork: sagaId, kind: _, at: __, ...start }: StartFork): ClientCommand {
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
  const { parent: sagaId, step, direction, attempt } = effect
  const address = { sagaId, step, direction }
  const answered = direction === 'forward' ? CLIENT_COMMAND.start : CLIENT_COMMAND.undo
  return {
    key: sagaId,
    value: JSON.stringify(effect.body),
    headers: [
      [H.specversion, '1.0'],
      [H.contentType, 'application/json'],
      [H.id, effect.requestId],
      [H.type, `${answered}.reply`],
      [H.source, source],
      [H.time, rfc3339(effect.at)],
      [H.subject, effect.child],
      [H.commandId, commandId(address, attempt)],
      [H.outcome, effect.outcome],
      [H.sagaId, sagaId],
      [H.stepId, step],
      [H.direction, direction],
      [H.attempt, String(attempt)],
      [H.idempotencyKey, idempotencyKey(address)],
    ],
  }
}
