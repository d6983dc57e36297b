/** What persons may ask of a saga as it stands: the end of every refusal of what they asked. */
import { scopeAround } from '../message/step-path.ts'
import type { Definition, StepDefinition } from './definition.ts'
import { pivotStanding } from './pivot.ts'
import { isBlock, stepAt as plannedAt } from './plan-tree.ts'
import type { Parked, SagaState, StepState } from './state.ts'
import { scopeAt, stepAt } from './tree.ts'

/** Parked steps that are named one by one. */
const NAMED_MAX = 5

/** `legal now: retry, cancel, kill; of charge: retry, skip, resolve as done or failed, edit`. */
export function legalNow(definition: Definition, state: SagaState): string {
  const { parked, paused } = state
  if (paused) return 'legal now: resume, cancel, kill; of parked steps: skip, resolve'
  const going = state.root.phase === 'forward' || state.root.phase === 'backward'
  const turns = state.root.phase === 'forward' && pivotStanding(definition, state) === 'ahead'
  const whole = [...(parked.length > 0 ? ['retry'] : []), ...(turns ? ['cancel'] : []), ...(going ? ['kill'] : [])]
  const steps = parked.slice(0, NAMED_MAX).flatMap((one) => ofParked(definition, state, one))
  const more = parked.length > NAMED_MAX ? [`and of ${parked.length - NAMED_MAX} more`] : []
  const all = [whole.length > 0 ? whole.join(', ') : 'nothing of the saga as a whole', ...steps, ...more]
  return `legal now: ${all.join('; ')}`
}

function ofParked(definition: Definition, state: SagaState, { step: path }: Parked): readonly string[] {
  const step = path === null ? undefined : plannedAt(definition, path)
  if (path === null || !step) return []
  const forward = scopeAt(state, scopeAround(path))?.phase === 'forward'
  const acts = forward ? forwardActs(step, stepAt(state, path)) : backwardActs(step)
  return [`of ${path}: ${acts.join(', ')}`]
}

function forwardActs(step: StepDefinition, known: StepState | undefined): readonly string[] {
  if (isBlock(step)) return ['retry']
  const unknown = known?.status === 'given-up' || known?.status === 'retrying'
  const resolves = unknown ? ['resolve as done or failed'] : known ? [] : ['resolve as failed']
  const isApproval = step.type === 'signal' && step.approval !== undefined
  return ['retry', ...(isApproval ? [] : ['skip']), ...resolves, ...(step.type === 'command' ? ['edit'] : [])]
}

function backwardActs(step: StepDefinition): readonly string[] {
  const edits = step.type === 'command' && step.undo !== undefined
  return ['retry', 'resolve as undone', ...(edits ? ['edit'] : [])]
}
