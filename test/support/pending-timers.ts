/** The timers of a saga as a fold of its log has them, told apart from the code that fires them. */
import type { Definition } from '../../shared/saga/definition.ts'
import { isLive, type SagaState, type ScopeState, type StepState } from '../../shared/saga/state.ts'

export interface Pending {
  /** Path of the step; empty: the saga's own deadline. */
  readonly step: string
  readonly direction: 'forward' | 'compensate'
  readonly kind: string
  readonly at: number
}

/** Every timer but the times by which a step that is held is given up: no row says those. */
export function pendingTimers(definition: Definition, state: SagaState): readonly Pending[] {
  if (!isLive(state) || state.paused === 'hold') return []
  const found: Pending[] = []
  inScope(state, state.root, '', found)
  const { root, deadlineAt, paused } = state
  const pivot = definition.steps.find(({ kind }) => kind === 'pivot')?.name
  const known = root.steps.find(({ name }) => name === pivot)
  if (root.phase === 'forward' && deadlineAt !== null && isAhead(known))
    found.push({ step: '', direction: 'forward', kind: 'deadline', at: deadlineAt })
  return found.filter(({ kind }) => kind !== 'retry' || paused === undefined)
}

function isAhead(pivot: StepState | undefined): boolean {
  if (pivot?.status === 'held') return isAhead(pivot.before)
  if (pivot?.status === 'given') return pivot.output === undefined
  return !['succeeded', 'armed', 'retrying', 'given-up'].includes(pivot?.status ?? 'none')
}

function inScope(state: SagaState, scope: ScopeState, prefix: string, found: Pending[]): void {
  for (const step of scope.steps) {
    const path = `${prefix}${step.name}`
    const timer = timerOf(step)
    if (timer && !state.parked.some((one) => one.step === path)) found.push({ step: path, ...timer })
    for (const inner of step.block?.scopes ?? []) inScope(state, inner, `${path}[${inner.key}].`, found)
  }
}

function timerOf(step: StepState): Omit<Pending, 'step'> | undefined {
  const direction = step.status.startsWith('undo') ? 'compensate' : 'forward'
  if (step.status === 'retrying' || step.status === 'undo-retrying')
    return { direction, kind: 'retry', at: step.retryAt }
  if (step.status === 'waiting')
    return step.until === null
      ? undefined
      : { direction, kind: step.signal === null ? 'sleep' : 'signal', at: step.until }
  if (step.status !== 'armed' && step.status !== 'undoing') return undefined
  const times = [
    ...(step.timeoutAt === null ? [] : [{ direction, kind: 'timeout', at: step.timeoutAt } as const]),
    ...(step.takeUpAt === undefined ? [] : [{ direction, kind: 'take-up', at: step.takeUpAt } as const]),
    ...(step.progressAt === undefined ? [] : [{ direction, kind: 'progress', at: step.progressAt } as const]),
  ]
  return times.toSorted((a, b) => a.at - b.at)[0]
}
