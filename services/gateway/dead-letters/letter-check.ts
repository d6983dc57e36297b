/**
 * Whether a record would be taken now if it were put where dead letters come from. Nothing is guessed: it is read, checked and
 * decided on by the code of those who read the topic, with the saga as its history in the views says. What came to the saga
 * since then is not in them, so the owner has the last word.
 */
import type { LetterCheck } from '../../../shared/client/dead-letter-api.ts'
import { contractsOf } from '../../../shared/contracts/wire-contracts.ts'
import { jsonLimitsFor } from '../../../shared/message/claim.ts'
import { messageOf } from '../../../shared/message/errors.ts'
import { H } from '../../../shared/message/headers.ts'
import { headerOf, type LogRecord } from '../../../shared/message/record.ts'
import { parseValue } from '../../../shared/message/record-value.ts'
import { takesRedrives } from '../../../shared/message/redrive.ts'
import { participantTopic } from '../../../shared/message/topics.ts'
import { checkCommand, takesReplies } from '../../../shared/participant/received-command.ts'
import { commandInput, replyInput } from '../../../shared/runtime/input-decoder.ts'
import { plansFor } from '../../../shared/runtime/plans-for.ts'
import { decide } from '../../../shared/saga/decide.ts'
import type { Decision, SagaInput } from '../../../shared/saga/input.ts'
import type { SagaState } from '../../../shared/saga/state.ts'
import type { Parts } from '../app.ts'
import { stateOf } from '../origin-history.ts'
import { Problem } from '../problem.ts'
import { errorsOfInput, NO_ERRORS, type SchemaErrors, schemaErrors } from './schema-errors.ts'

export type CheckParts = Pick<Parts, 'broker' | 'topics' | 'definitions' | 'reads' | 'clock'>

type Verdict = LetterCheck['verdict']

/** Events of what would follow that are named. */
const EVENTS_NAMED_MAX = 5

/** What would become of a record that stands in that topic, as its reader is given it. */
export async function checkLetter(parts: CheckParts, record: LogRecord): Promise<LetterCheck> {
  const { topics } = parts
  if (!takesRedrives(record.topic, topics))
    return refusal('not-redrivable', `${record.topic} takes neither commands nor replies`)
  if (record.topic !== topics.commands && record.topic !== topics.replies) return checkStepCommand(parts, record)
  const limits = jsonLimitsFor(parts.broker.claims)
  const decoded = record.topic === topics.commands ? commandInput(record, limits) : replyInput(record, limits)
  if (decoded.kind === 'refused') return refusal(decoded.fault, decoded.message)
  if (decoded.value.kind === 'lock')
    return unknown('its form is right; what became of the lock is known to its owner alone')
  return await checkInput(parts, decoded.value)
}

async function checkInput(parts: CheckParts, input: SagaInput): Promise<LetterCheck> {
  let state: SagaState | undefined
  try {
    state = await stateOf(input.sagaId, parts)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return error.code === 'saga-quarantined' ? refusal(error.code, error.message) : unknown(error.message)
  }
  const { broker, clock, definitions } = parts
  const plans = plansFor(definitions, state, input)
  const question = { ...plans, limits: jsonLimitsFor(broker.claims), known: state, input }
  try {
    const decision = decide({ ...question, moment: { now: clock.now(), chance: 0 } })
    return verdictOn(decision, () => errorsOfInput(input, plans.definition, state))
  } catch (error) {
    // An owner would stop deciding for the saga, and keep the record.
    return refusal('saga-quarantined', messageOf(error))
  }
}

function verdictOn(decision: Decision, errors: () => SchemaErrors): LetterCheck {
  switch (decision.kind) {
    case 'ignored':
      return { ...verdict('ignored', `it would change nothing: ${decision.reason}`), reason: decision.reason }
    case 'refused':
      return { ...refusal(decision.reason, decision.message), ...errors() }
    case 'events': {
      const types = decision.events.map(({ type }) => type)
      const more = types.length > EVENTS_NAMED_MAX ? `, and ${types.length - EVENTS_NAMED_MAX} more` : ''
      const named = types.slice(0, EVENTS_NAMED_MAX).join(', ')
      return verdict('taken', `it would be taken${named === '' ? '' : `: ${named}`}${more}`)
    }
  }
}

function checkStepCommand({ broker, definitions, clock }: CheckParts, record: LogRecord): LetterCheck {
  const json = jsonLimitsFor(broker.claims)
  const own = contractsOf(definitions).commands.filter(
    ({ participant }) => participantTopic(participant) === record.topic,
  )
  const commands = new Map(own.map((command) => [command.type, command]))
  const checked = checkCommand(record, { commandOf: (type) => commands.get(type), isReplyTopic: takesReplies, json })
  if (checked.kind === 'ok') {
    const { deadlineAt } = checked.info
    if (deadlineAt === undefined || deadlineAt > clock.now()) return verdict('taken', 'it would be taken')
    const late = `its deadline was ${new Date(deadlineAt).toISOString()}: unless it was carried out before, it would be answered deadline-exceeded`
    return { ...verdict('ignored', late), reason: 'deadline-exceeded' }
  }
  if (checked.fault === 'unknown-command')
    return unknown(`no definition of this gateway names such a command of ${record.topic}: ${checked.message}`)
  const command = checked.fault === 'invalid-payload' ? commands.get(headerOf(record, H.type) ?? '') : undefined
  const payload = parseValue(record, json)
  const errors = command && payload.kind === 'ok' ? schemaErrors(command.input, payload.value) : NO_ERRORS
  return { ...refusal(checked.fault, checked.message), ...errors }
}

function refusal(reason: string, message: string): LetterCheck {
  return { ...verdict('refused', `it would be a dead letter again: ${message}`), reason }
}

/** What this gateway cannot tell. */
export function unknown(says: string): LetterCheck {
  return verdict('unknown', says)
}

function verdict(kind: Verdict, says: string): LetterCheck {
  return { verdict: kind, reason: null, says, ...NO_ERRORS }
}
