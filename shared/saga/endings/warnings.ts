/** What of a definition deserves a second look before it runs: not wrong, and rarely meant. */
import { scopePath, stepPath } from '../../message/step-path.ts'
import type { Definition, Plan, StepDefinition } from '../definition.ts'
import { commandMs } from '../longest.ts'
import { isBlock, isSending, plansInside } from '../plan-tree.ts'
import type { Walked } from './walk.ts'

export interface Warning {
  /** Stable; what scripts look at. */
  readonly code:
    | 'stays-done'
    | 'past-the-deadline'
    | 'waits-for-ever'
    | 'answered-never'
    | 'undone-by-hand'
    | 'never-begun'
    | 'turns-back-at-its-limit'
  readonly step: string
  readonly message: string
}

export function warningsOf(definition: Definition, walked: Walked): readonly Warning[] {
  return [...staysDone(walked), ...ofPlan(definition, definition, { scope: '', walked })]
}

function staysDone({ endings }: Walked): readonly Warning[] {
  const turns = new Map<string, Set<string>>()
  for (const { status, stays, causeStep, cause } of endings) {
    if (status !== 'compensated') continue
    for (const step of stays) turns.set(step, (turns.get(step) ?? new Set()).add(causeStep ?? cause ?? ''))
  }
  return [...turns].map(([step, at]) => {
    const when = [...at].slice(0, NAMED_MAX).join(', ')
    const message = `it has no undo and stays done, or may be, where the saga turns back at: ${when}${at.size > NAMED_MAX ? ', ...' : ''}`
    return { code: 'stays-done', step, message }
  })
}

const NAMED_MAX = 5

interface Place {
  readonly scope: string
  readonly walked: Walked
}

function ofPlan(definition: Definition, { steps }: Plan, { scope, walked }: Place): Warning[] {
  return steps.flatMap((step) => {
    const path = stepPath(scope, step.name)
    const own = ofStep(definition, step).map((warning) => ({ ...warning, step: path }))
    const isBegun = !walked.complete || walked.seen.has(path)
    const never = { code: 'never-begun', step: path, message: 'no way through the plan comes to it' } as const
    const inside = isBlock(step) && isBegun ? plansInside(step) : []
    const inner = inside.flatMap(({ name, plan }) => ofPlan(definition, plan, { scope: scopePath(path, name), walked }))
    return [...own, ...(isBegun ? [] : [never]), ...inner]
  })
}

type OwnWarning = Omit<Warning, 'step'>

function ofStep(definition: Definition, step: StepDefinition): readonly OwnWarning[] {
  switch (step.type) {
    case 'command':
    case 'child':
      return [...timesOf(definition, step), ...(step.byHand === undefined ? [] : [handWarning(step.byHand)])]
    case 'signal':
      return step.deadlineMs === undefined && !isCutOff(definition, step) ? [FOR_EVER] : []
    case 'repeat':
      return step.atLimit === 'turn-back' ? [limitWarning(step.roundsMax)] : []
    default:
      return []
  }
}

/** The deadline of the saga counts up to its pivot. */
const isCutOff = ({ deadlineMs }: Definition, { kind }: StepDefinition): boolean =>
  deadlineMs !== undefined && kind !== 'retriable'

const FOR_EVER: OwnWarning = {
  code: 'waits-for-ever',
  message:
    'where its signal never comes, nothing ends the wait: it has no deadline, and the saga has none that counts here',
}

function handWarning(what: string): OwnWarning {
  return { code: 'undone-by-hand', message: `a saga that turns back waits for a person here: ${what}` }
}

function limitWarning(rounds: number): OwnWarning {
  const message = `after ${rounds} ${rounds === 1 ? 'round' : 'rounds'} without its condition the saga turns back`
  return { code: 'turns-back-at-its-limit', message }
}

function timesOf(definition: Definition, step: StepDefinition): readonly OwnWarning[] {
  if (!isSending(step)) return []
  const { deadlineMs } = definition
  const ms = commandMs(step.forward)
  if (ms === Number.POSITIVE_INFINITY)
    return isCutOff(definition, step) || (step.type === 'child' && step.waits) ? [] : [NEVER]
  if (deadlineMs === undefined || !isCutOff(definition, step) || ms <= deadlineMs) return []
  const message = `all of its attempts may take ${ms} ms, and the saga turns back after ${deadlineMs} ms: the last ones are never made`
  return [{ code: 'past-the-deadline', message }]
}

const NEVER: OwnWarning = {
  code: 'answered-never',
  message: 'where its participant never answers, nothing ends it: an attempt may take for ever',
}
