/** Arming a step: runs its mapping, checks the payload, and says the command in an event before anything is sent. */
import { messageOf } from '../message/errors.ts'
import type { RequestedCommand, StepError } from '../message/events.ts'
import { CLIENT_COMMAND } from '../message/headers.ts'
import { isSagaId, type SagaId } from '../message/ids.ts'
import type { Json } from '../message/json.ts'
import type { LockAsk } from '../message/lock-ask.ts'
import { PRIORITY } from '../message/priority.ts'
import { scopeAround } from '../message/step-path.ts'
import { timesOf } from './attempt-times.ts'
import { misfit } from './check.ts'
import { contextOf } from './context.ts'
import type { ChildStep, Context, LockStep, Mapping, PlannedCommand, SendingStep } from './definition.ts'
import { limitKeyFault, limitMapping } from './limit-key.ts'
import { askFault } from './lock-step.ts'
import type { SagaState } from './state.ts'
import type { Story } from './story.ts'
import { stepAt } from './tree.ts'

export type Mapped =
  | { readonly kind: 'ok'; readonly value: Json }
  | { readonly kind: 'threw'; readonly error: StepError }

/** Runs a definition's mapping in a scope. What it throws, or makes that is no JSON, becomes a value: it parks one step and no more. */
export function runMapping(map: Mapping, state: SagaState, scope: string): Mapped {
  return caught(() => asWritten(map(contextOf(state, scope))))
}

/** Runs a mapping whose result is looked at and not kept. */
export function askMapping<T>(
  map: (context: Context) => T,
  state: SagaState,
  scope: string,
): { readonly kind: 'ok'; readonly value: T } | Extract<Mapped, { kind: 'threw' }> {
  return caught(() => map(contextOf(state, scope)))
}

function caught<T>(run: () => T): { readonly kind: 'ok'; readonly value: T } | Extract<Mapped, { kind: 'threw' }> {
  try {
    return { kind: 'ok', value: run() }
  } catch (error) {
    const message = messageOf(error).slice(0, 2_000)
    return { kind: 'threw', error: { kind: 'mapping', code: 'mapping-threw', message } }
  }
}

/** A value that a mapping gave, as it will be read from the log: what is decided live and what is folded later are then the same (S2). */
export function written(value: unknown): Mapped {
  return caught(() => asWritten(value))
}

function asWritten(value: unknown): Json {
  const text = JSON.stringify(value)
  return text === undefined ? null : (JSON.parse(text) as Json)
}

function contractError(code: string, message: string): Extract<Mapped, { kind: 'threw' }> {
  return { kind: 'threw', error: { kind: 'contract', code, message: message.slice(0, 2_000) } }
}

function payloadOf(planned: PlannedCommand, state: SagaState, scope: string): Mapped {
  const mapped = runMapping(planned.map, state, scope)
  if (mapped.kind === 'threw') return mapped
  const why = misfit(planned.command.input, mapped.value)
  return why === undefined
    ? mapped
    : contractError('invalid-payload', `the payload does not fit ${planned.command.type}: ${why}`)
}

/** What a person gave instead: it was checked when it came. */
function editedPayload(
  { edited }: SagaState,
  path: string,
  direction: RequestPlan['direction'],
): Extract<Mapped, { kind: 'ok' }> | undefined {
  const way = direction === 'step' ? 'forward' : 'compensate'
  const found = edited.find((one) => one.step === path && one.direction === way)
  return found && { kind: 'ok', value: found.payload }
}

export interface RequestPlan {
  readonly path: string
  readonly step: SendingStep
  readonly direction: 'step' | 'compensation'
  readonly attempt: number
  /** The step is held, and its participant has room for it. */
  readonly admitted?: { readonly key?: string }
}

/** Arms an attempt, holds it where its participant may not simply be sent to, or parks the step because its command cannot be made. */
export function request(story: Story, plan: RequestPlan): void {
  const { path, step, direction, admitted } = plan
  const planned = direction === 'step' ? step.forward : step.undo
  if (!planned) return
  // It was admitted under the key that it was held under.
  const made = admitted ? { kind: 'ok' as const, key: admitted.key } : keyOf(story.state, plan)
  if (made.kind === 'threw') {
    story.park(path, made.error)
    return
  }
  const key = made.key === undefined ? {} : { key: made.key }
  const { participant } = planned.command
  const held = !admitted && step.type === 'command' && story.moment.gated?.has(participant)
  if (held) story.tell({ type: `${direction}-held`, step: path, participant, ...key })
  else arm(story, plan, { planned, key })
}

function keyOf(
  state: SagaState,
  { path, step, direction }: RequestPlan,
): { readonly kind: 'ok'; readonly key: string | undefined } | Extract<Mapped, { kind: 'threw' }> {
  const map = limitMapping(step, direction)
  const made = map && runMapping(map, state, scopeAround(path))
  if (!made) return { kind: 'ok', key: undefined }
  if (made.kind === 'threw') return made
  const fault = limitKeyFault(made.value)
  return fault === undefined ? { kind: 'ok', key: made.value as string } : contractError('bad-limit-key', fault)
}

interface Arming {
  readonly planned: PlannedCommand
  readonly key: Pick<RequestedCommand, 'key'>
}

function arm(story: Story, { path, step, direction, attempt }: RequestPlan, { planned, key }: Arming): void {
  const scope = scopeAround(path)
  const edited = editedPayload(story.state, path, direction)
  const payload = edited ?? payloadOf(planned, story.state, scope)
  if (payload.kind === 'threw') {
    story.park(path, payload.error)
    return
  }
  const child = step.type === 'child' ? childId(story.state, { path, step, direction, attempt }) : undefined
  if (child?.kind === 'threw') {
    story.park(path, child.error)
    return
  }
  const lock = step.type === 'lock' ? askOf(story.state, { path, step, direction, attempt }) : undefined
  if (lock?.kind === 'threw') {
    story.park(path, lock.error)
    return
  }
  const command = {
    ...commandOf(story, planned, { payload: payload.value, child: child?.value as SagaId | undefined }),
    ...(lock && { lock: lock.value }),
  }
  const times = timesOf(planned, stepAt(story.state, path), { now: story.moment.now, attempt })
  const starts = startOf(story.state, step, direction)
  const first = stepAt(story.state, path)?.sentAs
  const sentAs = first === undefined ? {} : { sentAs: first }
  const asked = { ...command, ...key, ...times, ...starts, ...sentAs }
  story.tell({ type: `${direction}-requested`, step: path, attempt, ...asked })
  settleAtOnce(story, { path, step, direction, attempt })
}

function commandOf(
  { definition }: Story,
  { command }: PlannedCommand,
  { payload, child }: { payload: Json; child: SagaId | undefined },
): Omit<RequestedCommand, 'timeoutAt'> {
  const { participant, type: commandType } = command
  const said = {
    definition: definition.name,
    version: definition.version,
    participant,
    commandType,
    payload,
  }
  return child === undefined ? said : { ...said, child }
}

/** What a child saga is started as. */
function startOf(
  { priority }: SagaState,
  step: SendingStep,
  direction: RequestPlan['direction'],
): Partial<RequestedCommand> {
  if (step.type !== 'child' || direction === 'compensation') return {}
  const starts = { ...step.child, ...(priority !== PRIORITY && { priority }) }
  return { starts, ...(step.waits ? {} : { letGo: true }) }
}

/** What nobody answers is done when it is sent: a child that is let go, the cancel of a child, the freeing of a lock. */
function settleAtOnce(story: Story, { path, step, direction, attempt }: RequestPlan): void {
  if (step.type === 'command') return
  if (direction === 'step' && step.type === 'child' && !step.waits) {
    const output = { sagaId: stepAt(story.state, path)?.child?.id ?? null }
    story.tell({ type: 'step-succeeded', step: path, attempt, output })
    story.look('scope', scopeAround(path))
  } else if (direction === 'compensation' && isUnanswered(step)) {
    story.tell({ type: 'compensation-succeeded', step: path, attempt })
    story.lookOutward(path)
  }
}

function isUnanswered({ type, undo }: SendingStep): boolean {
  return type === 'lock' || undo?.command.type === CLIENT_COMMAND.cancel
}

type Asked = { readonly kind: 'ok'; readonly value: LockAsk } | Extract<Mapped, { kind: 'threw' }>

/** What a lock step asks; on the way back, what it has asked. */
function askOf(
  state: SagaState,
  { path, step, direction, attempt }: RequestPlan & { readonly step: LockStep },
): Asked | undefined {
  const known = stepAt(state, path)?.lock
  if (direction === 'compensation') return known && { kind: 'ok', value: known }
  const made = runMapping(step.resource, state, scopeAround(path))
  if (made.kind === 'threw') return made
  const error = askFault(state, made.value)
  if (error) return { kind: 'threw', error }
  return { kind: 'ok', value: { resource: String(made.value), permits: step.permits, ask: attempt } }
}

/**
 * The child's saga id: that of the one that was started before, while it may still answer; else what the definition says,
 * or the parent's id with the path of the step. Another one after the first has the attempt that starts it at its end.
 */
function childId(
  state: SagaState,
  { path, step, direction, attempt }: RequestPlan & { readonly step: ChildStep },
): Mapped {
  const known = stepAt(state, path)?.child
  if (known && (direction === 'compensation' || !known.over)) return { kind: 'ok', value: known.id }
  const made = step.id
    ? runMapping(step.id, state, scopeAround(path))
    : ({ kind: 'ok', value: `${state.id}.${path.replaceAll('[', '.').replaceAll(']', '')}` } as const)
  if (made.kind === 'threw') return made
  const id = known ? `${made.value}.${attempt}` : made.value
  if (typeof id === 'string' && isSagaId(id)) return { kind: 'ok', value: id }
  const hint = 'give an `id` that has 1 to 200 characters of A-Z a-z 0-9 . _ : -'
  return contractError('bad-child-id', `not a saga id: ${JSON.stringify(id)}; ${hint}`)
}
