/**
 * A fork: a new saga that goes on from a step of another one, its origin. What the origin has done before that step is given
 * to the fork: it counts as done, and the fork never undoes it. What the origin did belongs to the origin.
 */
import type { GivenStep } from '../message/events.ts'
import { type Json, type JsonLimits, parseJson } from '../message/json.ts'
import { PRIORITY } from '../message/priority.ts'
import { misfit } from './check.ts'
import { outputOf } from './context.ts'
import type { Definition, StepDefinition } from './definition.ts'
import { type Decision, events, type InputOf, ignored, type RefusedReason, refused } from './input.ts'
import { legalNow } from './legal-now.ts'
import { dependsOn, isBlock, isSending, plansInside, signalSteps, stepNamed } from './plan-tree.ts'
import { type SagaState, type StepState, stepIn } from './state.ts'
import type { Story } from './story.ts'

interface Bounds {
  /** The definition of the version that the fork is to run, where that is known. */
  readonly target: Definition | undefined
  /** What its start may hold. */
  readonly limits: JsonLimits | undefined
}

/** A person asks for a fork. */
export function fork(story: Story, input: InputOf<'fork'>, { target, limits }: Bounds): Decision {
  const { definition, state } = story
  const { step, fork: id, requestId, actor, reason } = input
  if (state.acts.includes(requestId)) return ignored('duplicate-request')
  const no = (why: RefusedReason, message: string) => refused(why, `${message}; ${legalNow(definition, state)}`)
  if (id === state.id) return no('start-conflict', 'a fork has an id of its own')
  if (!stepNamed(definition, step)) return no('unknown-step', `${definition.name} has no step ${step} of its own`)
  if (!target) return no('unknown-definition', `${definition.name} version ${input.version} is not known here`)
  const given = givenFrom(definition, state, step)
  const kept = given.find((one) => !mayGive(stepNamed(definition, one.step)))
  if (kept)
    return no('not-now', `${kept.step} holds what a fork would not have: fork from it, or from a step before it`)
  const held = input.input === undefined ? [] : given.filter((one) => approvals(stepNamed(definition, one.step)) !== '')
  if (held[0]) return no('not-now', `${held[0].step} was approved for another input: fork from it, or keep the input`)
  const all = input.input ?? state.input
  const why = misfit(target.input, all)
  if (why !== undefined) return no('invalid-input', `the input does not fit ${target.name}: ${why}`)
  const faults = [...strangers(definition, target, given), ...givenFaults(target, given)]
  if (faults.length > 0) return no('invalid-given', faults.join('; '))
  const said = parseJson(new TextEncoder().encode(JSON.stringify({ input: all, given })), limits)
  if (said.kind === 'refused') return no('invalid-given', `the fork's start would be ${said.fault}: ${said.message}`)
  const { name, version } = target
  const { priority } = state
  const rank = priority === PRIORITY ? {} : { priority }
  const begun = { from: step, fork: id, definition: name, version, input: all, given, ...rank }
  story.tell({ type: 'saga-forked', ...begun, requestId, actor, reason })
  return events(...story.events)
}

/**
 * What a fork from that step is given: each step of the saga's own plan that is done and does not come after it. Of a saga
 * that has turned back only what nobody undoes, and what came of nothing that is undone.
 */
export function givenFrom(definition: Definition, { root }: SagaState, from: string): readonly GivenStep[] {
  const turned = root.phase === 'backward' || root.phase === 'undone'
  const given = new Map<string, GivenStep>()
  for (const step of definition.steps) {
    const { name, after } = step
    const known = stepIn(root, name)
    if (!known || name === from || dependsOn(definition, name, from)) continue
    if (!(turned ? stays(step, known) : isDone(known))) continue
    if (turned && after.some((earlier) => stepIn(root, earlier) && !given.has(earlier))) continue
    const output = outputOf(known)
    given.set(name, output === undefined ? { step: name } : { step: name, output })
  }
  return [...given.values()]
}

/** Whether a fork can go on with what a step of that kind did. Total: whoever adds a kind of step says it here. */
const GIVES: { readonly [Type in StepDefinition['type']]: boolean } = {
  command: true,
  child: true,
  // It is held by the origin, and the fork would not hold it.
  lock: false,
  local: true,
  sleep: true,
  signal: true,
  parallel: true,
  choose: true,
  attempt: true,
  each: true,
  repeat: true,
}

function mayGive(step: StepDefinition | undefined): boolean {
  if (!step || !isBlock(step)) return !step || GIVES[step.type]
  return GIVES[step.type] && plansInside(step).every(({ plan }) => plan.steps.every(mayGive))
}

function isDone({ status }: StepState): boolean {
  return status === 'succeeded' || status === 'skipped' || status === 'given'
}

/** Whether a step of a saga that turned back is as it was. A wait that was cut short looks like one that was skipped. */
function stays(step: StepDefinition, { status }: StepState): boolean {
  if (status === 'given') return true
  const undone = isBlock(step) || (isSending(step) && (step.undo !== undefined || step.byHand !== undefined))
  return status === 'succeeded' && !undone
}

/** Given steps that are another step in the plan that the fork runs. */
function strangers(own: Definition, target: Definition, given: readonly GivenStep[]): string[] {
  if (own === target) return []
  return given.flatMap(({ step }) => {
    const [before, after] = [stepNamed(own, step), stepNamed(target, step)]
    const same = before?.type === after?.type && approvals(before) === approvals(after)
    return same || !after ? [] : [`${step} is another step in ${target.name} version ${target.version}`]
  })
}

/** Who has to approve what in a step, as text; empty: nobody. */
function approvals(step: StepDefinition | undefined): string {
  if (!step) return ''
  const inside = isBlock(step) ? plansInside(step).flatMap(({ plan }) => signalSteps(plan)) : []
  const waits = step.type === 'signal' ? [step] : inside
  return waits.map(({ name, approval }) => (approval ? JSON.stringify([name, approval]) : '')).join('')
}

/** What of it a saga of that definition cannot be given: each is a step of its plan, once, and what it waits for is given too. */
export function givenFaults(definition: Definition, given: readonly GivenStep[]): string[] {
  const names = new Set(given.map(({ step }) => step))
  const repeated = names.size < given.length ? ['a step is given twice'] : []
  return [...repeated, ...given.flatMap(({ step: name }) => givenFault(definition, { name, names }))]
}

function givenFault(definition: Definition, { name, names }: { name: string; names: ReadonlySet<string> }): string[] {
  const step = stepNamed(definition, name)
  if (!step) return [`${definition.name} version ${definition.version} has no step ${name} of its own`]
  if (!mayGive(step)) return [`${name} holds what a fork would not have`]
  const done = step.after.filter((earlier) => names.has(earlier)).length
  return done >= step.needs ? [] : [`${name} is given, and not what it comes after: ${step.after.join(', ')}`]
}

/** What tells one start of a fork from another under the same id: not when it was forked. */
export function hashedOf(start: {
  readonly input: Json
  readonly origin: { readonly sagaId: string; readonly step: string }
  readonly given: readonly GivenStep[]
}): Json {
  const { input, origin, given } = start
  const steps = given.map(({ step, output }) => (output === undefined ? { step } : { step, output }))
  return { input, origin: { sagaId: origin.sagaId, step: origin.step }, given: steps }
}
