/** Arming a step: runs its mapping, checks the payload, and says the command in an event before anything is sent. */
import { messageOf } from '../message/errors.ts'
import type { SagaEvent, StepError } from '../message/events.ts'
import type { Json } from '../message/json.ts'
import { misfit } from './check.ts'
import type { CommandStep, Context, Definition, PlannedCommand } from './definition.ts'
import type { Moment } from './input.ts'
import type { SagaState } from './state.ts'

/** What a mapping sees: the input and every known output, under the steps' names. */
export function contextOf(state: SagaState): Context {
  const context: Record<string, unknown> = { input: state.input }
  for (const step of state.steps) if (step.output !== undefined) context[step.name] = step.output
  return context
}

export type Mapped =
  | { readonly kind: 'ok'; readonly value: Json }
  | { readonly kind: 'threw'; readonly error: StepError }

/** Runs a definition's mapping. What it throws, or makes that is no JSON, becomes a value, so that it parks one saga and no more. */
export function runMapping(map: (context: Context) => unknown, state: SagaState): Mapped {
  try {
    return { kind: 'ok', value: asWritten(map(contextOf(state))) }
  } catch (error) {
    return {
      kind: 'threw',
      error: { kind: 'mapping', code: 'mapping-threw', message: messageOf(error).slice(0, 2_000) },
    }
  }
}

/** The value as it will be read from the log: what is decided live and what is folded later are then the same (S2). */
function asWritten(value: unknown): Json {
  const text = JSON.stringify(value)
  return text === undefined ? null : (JSON.parse(text) as Json)
}

function payloadOf(planned: PlannedCommand, state: SagaState): Mapped {
  const mapped = runMapping(planned.map, state)
  if (mapped.kind === 'threw') return mapped
  const why = misfit(planned.command.input, mapped.value)
  if (why === undefined) return mapped
  const message = `the payload does not fit ${planned.command.type}: ${why}`.slice(0, 2_000)
  return { kind: 'threw', error: { kind: 'contract', code: 'invalid-payload', message } }
}

export interface RequestPlan {
  readonly definition: Definition
  readonly step: CommandStep
  readonly direction: 'step' | 'compensation'
  readonly attempt: number
}

/** The event that arms an attempt, or the one that parks the saga because its payload cannot be made. */
export function request(state: SagaState, plan: RequestPlan, moment: Moment): SagaEvent[] {
  const { definition, step, direction, attempt } = plan
  const planned = direction === 'step' ? step.forward : step.undo
  if (!planned) return []
  const payload = payloadOf(planned, state)
  if (payload.kind === 'threw') return [{ type: 'saga-stuck', step: step.name, error: payload.error }]
  return [
    {
      type: `${direction}-requested`,
      step: step.name,
      attempt,
      definition: definition.name,
      version: definition.version,
      participant: planned.command.participant,
      commandType: planned.command.type,
      payload: payload.value,
      timeoutAt: moment.now + planned.timeoutMs,
    },
  ]
}
