/** What of a recorded history a plan has no place for. It asks the plan alone, whatever was decided before. */
import type { SagaEvent } from '../../message/events.ts'
import { blockAround, ROOT } from '../../message/step-path.ts'
import type { Definition, StepDefinition } from '../definition.ts'
import { pivotStanding } from '../pivot.ts'
import { isBlock, isSending, planAt, stepAt } from '../plan-tree.ts'
import type { SagaState } from '../state.ts'

/** Why an event cannot be of a saga of that definition; `undefined`: it can. `state`: before the event. */
export function whyMisplaced(
  definition: Definition,
  event: SagaEvent,
  state: SagaState | undefined,
): string | undefined {
  if ('scope' in event && event.scope !== undefined) return scopeFault(definition, event.scope)
  if (event.type === 'compensation-started')
    return state && pivotStanding(definition, state) === 'passed'
      ? 'it turns back, and is past the pivot there'
      : undefined
  if (!('step' in event) || event.step === undefined || event.step === null) return undefined
  if (event.type === 'parent-answered' || event.type === 'parent-refused') return undefined
  const step = stepAt(definition, event.step)
  if (!step) return `there is no step ${event.step} there`
  const fault = stepFault(event, step)
  return fault === undefined ? undefined : `${event.step} ${fault}`
}

function scopeFault(definition: Definition, scope: string): string | undefined {
  if (scope === ROOT || planAt(definition, scope)) return undefined
  const around = blockAround(scope)
  const block = around && stepAt(definition, around.block)
  return block ? `${around.block} has no branch ${around.key} there` : `there is no block ${around?.block} there`
}

function stepFault(event: SagaEvent, step: StepDefinition): string | undefined {
  switch (event.type) {
    case 'step-requested':
      return (event.lock !== undefined) === (step.type === 'lock') &&
        (event.child !== undefined) === (step.type === 'child')
        ? sendingFault(step)
        : `is a ${step.type} there`
    case 'step-held':
    case 'step-progressed':
    case 'step-succeeded':
    case 'step-rejected':
    case 'step-failed':
    case 'late-success':
      return sendingFault(step)
    case 'compensation-requested':
    case 'compensation-held':
    case 'compensation-progressed':
    case 'compensation-succeeded':
    case 'compensation-failed':
      return sendingFault(step) ?? (isSending(step) && step.undo ? undefined : 'has no undo there')
    case 'step-computed':
      return step.type === 'local' ? undefined : `is a ${step.type} there`
    case 'wait-started':
      return waitFault(event.signal, step)
    case 'wait-ended':
      return step.type === 'sleep' || step.type === 'signal' ? undefined : `is a ${step.type} there`
    case 'block-started':
      return event.block === step.type ? undefined : `is a ${step.type} there`
    case 'block-completed':
      return isBlock(step) ? undefined : `is a ${step.type} there`
    default:
      return undefined
  }
}

function sendingFault(step: StepDefinition): string | undefined {
  return isSending(step) ? undefined : `is a ${step.type} there`
}

function waitFault(signal: string | null, step: StepDefinition): string | undefined {
  if (step.type !== (signal === null ? 'sleep' : 'signal')) return `is a ${step.type} there`
  return step.type === 'signal' && step.signal.name !== signal ? `waits for ${step.signal.name} there` : undefined
}
