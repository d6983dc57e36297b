/** How each kind of step begins: a command is armed, a computation is done at once, a wait says what it waits for. */
import type { SagaEvent, StepError } from '../message/events.ts'
import type { Json } from '../message/json.ts'
import type { Context, Definition, LocalStep, SignalStep, SleepStep, StepDefinition } from './definition.ts'
import { durationMs } from './duration.ts'
import type { Moment } from './input.ts'
import { request, runMapping } from './request.ts'
import { type SagaState, type Signal, stepState } from './state.ts'

export interface BeginPlan {
  readonly definition: Definition
  readonly step: StepDefinition
}

/** Begins a step, or sends it again when it has begun before; skips one whose condition does not hold. */
export function begin(state: SagaState, { definition, step }: BeginPlan, moment: Moment): SagaEvent[] {
  const before = stepState(state, step.name)
  const skip = before ? undefined : condition(step, state)
  if (skip) return [skip]
  switch (step.type) {
    case 'command':
      return request(state, { definition, step, direction: 'step', attempt: (before?.attempt ?? 0) + 1 }, moment)
    case 'local':
      return [compute(step, state)]
    case 'sleep':
      return [sleep(step, state, moment)]
    case 'signal':
      return awaitSignal(step, state, moment)
  }
}

/** What skips the step, or parks the saga because its condition throws; nothing when the step is to begin. */
function condition(step: StepDefinition, state: SagaState): SagaEvent | undefined {
  if (!step.when) return undefined
  const answer = runMapping(step.when, state)
  if (answer.kind === 'threw') return parked(step, answer.error)
  return answer.value === false ? { type: 'step-skipped', step: step.name } : undefined
}

function parked(step: StepDefinition, error: StepError): SagaEvent {
  return { type: 'saga-stuck', step: step.name, error }
}

function compute(step: LocalStep, state: SagaState): SagaEvent {
  const output = runMapping(step.compute, state)
  if (output.kind === 'threw') return parked(step, output.error)
  return { type: 'step-computed', step: step.name, output: output.value }
}

function sleep(step: SleepStep, state: SagaState, { now }: Moment): SagaEvent {
  const { until: time } = step
  if (typeof time === 'number') return { type: 'wait-started', step: step.name, until: now + time, signal: null }
  const answer = runMapping((context: Context) => instantOf(time(context), now), state)
  if (answer.kind === 'threw') return parked(step, answer.error)
  return { type: 'wait-started', step: step.name, until: answer.value as number, signal: null }
}

/** Longest wait: no timer is kept past it, and a time that is further away is a mistake. */
const WAIT_MS_MAX = durationMs('5200 weeks')

function instantOf(time: unknown, now: number): number {
  const at = typeof time === 'string' ? Date.parse(time) : Number(time)
  if (!Number.isSafeInteger(at) || at > now + WAIT_MS_MAX)
    throw new TypeError(`not a time to wait for: ${String(time)}; give RFC 3339 or milliseconds since the epoch`)
  return at
}

function awaitSignal(step: SignalStep, state: SagaState, { now }: Moment): SagaEvent[] {
  const until = step.deadlineMs === undefined ? null : now + step.deadlineMs
  const started: SagaEvent = { type: 'wait-started', step: step.name, until, signal: step.signal.name }
  const early = keptSignal(state, step.signal.name)
  return early ? [started, endedBy(step.name, early)] : [started]
}

/** The oldest signal of that name that no wait has taken. */
export function keptSignal(state: SagaState, name: string): Signal | undefined {
  return state.signals.find((signal) => signal.name === name && signal.takenBy === undefined)
}

/** The end of a wait by a signal, or, without one, because its time came. */
export function endedBy(step: string, signal: Signal | undefined): SagaEvent {
  const output: Json = signal?.payload ?? null
  return { type: 'wait-ended', step, requestId: signal?.requestId ?? null, output }
}
