/** What is wrong with a plan, told all at once. Looks at its structure only: no mapping in it is run. */
import { CLIENT_COMMAND } from '../message/headers.ts'
import { scopePath, stepPath } from '../message/step-path.ts'
import type { AttributeSpecs } from './attributes.ts'
import { repeated, stepNameFault } from './check-names.ts'
import { pivotFaults } from './check-pivot.ts'
import { stepFaults, turnsBack } from './check-step.ts'
import type { ChildPlan, Plan, StepDefinition, StepKind } from './definition.ts'
import { cycleIn } from './plan-graph.ts'
import { isBlock, plansInside } from './plan-tree.ts'

/** One thing that is wrong, and the step or plan where it is: `book[hotel].reserve`, `parcels[].label`; empty: the whole. */
export interface PlanFault {
  readonly path: string
  readonly message: string
}

/** A plan, sorted or not. */
export interface DefinitionLike extends Pick<Plan, 'steps'> {
  readonly attributes?: AttributeSpecs | undefined
}
/** The plan of a saga that a step starts, when it is known here. */
export type FindPlan = (child: ChildPlan) => DefinitionLike | undefined

/** Where a plan stands: its path, the kind of the block that it is in, and the names of the steps around it. */
interface Place {
  readonly scope: string
  readonly kind: StepKind | undefined
  readonly around: ReadonlySet<string>
  readonly find: FindPlan
}

/** Everything that is wrong with a plan and with the plans inside it; nothing when it can be run. */
export function planFaults(plan: DefinitionLike, find: FindPlan = () => undefined): readonly PlanFault[] {
  return [...faultsIn(plan, { scope: '', kind: undefined, around: new Set(), find }), ...attributeFaults(plan)]
}

function attributeFaults({ steps, attributes = {} }: DefinitionLike): PlanFault[] {
  return Object.entries(attributes).flatMap(([name, { of }]) =>
    of === undefined || steps.some((step) => step.name === of)
      ? []
      : [at(`attributes.${name}`)(`it is taken from ${of}, and the saga has no such step of its own`)],
  )
}

function faultsIn({ steps }: DefinitionLike, place: Place): PlanFault[] {
  const { scope } = place
  if (steps.length === 0) return [{ path: scope, message: 'there is no step in it' }]
  const cycle = cycleIn(steps)
  const faults = [
    ...repeated(steps.map(({ name }) => name)).map((name) => at(stepPath(scope, name))(`two steps are called ${name}`)),
    ...(cycle ? [at(scope)(`steps wait for each other: ${cycle.join(' -> ')}`)] : []),
    ...steps.flatMap((step) => faultsOf(step, steps, place)),
  ]
  if (place.kind !== undefined || cycle) return faults
  return [...faults, ...pivotFaults(steps).map(({ step, message }) => at(step)(message))]
}

const at =
  (path: string) =>
  (message: string): PlanFault => ({ path, message })

function faultsOf(step: StepDefinition, steps: readonly StepDefinition[], place: Place): PlanFault[] {
  const path = stepPath(place.scope, step.name)
  const own = [
    stepNameFault(step.name, place.around),
    ...joinFaults(step, steps),
    ...stepFaults(step),
    ...kindFaults(step, place.kind),
    childFault(step, place.find),
  ]
  const inner = isBlock(step) ? insideOf(step, steps, place) : []
  return [...own.flatMap((message) => (message === undefined ? [] : [at(path)(message)])), ...inner]
}

function insideOf(
  step: Parameters<typeof plansInside>[0],
  steps: readonly StepDefinition[],
  { scope, around, find }: Place,
): PlanFault[] {
  const names = new Set([...around, ...steps.map(({ name }) => name)])
  const path = stepPath(scope, step.name)
  return plansInside(step).flatMap(({ name, plan }) =>
    faultsIn(plan, { scope: scopePath(path, name), kind: step.kind, around: names, find }),
  )
}

function joinFaults({ after, needs }: StepDefinition, steps: readonly StepDefinition[]): string[] {
  const unknown = after.filter((name) => !steps.some((step) => step.name === name))
  const least = Math.min(1, after.length)
  const reached = Number.isInteger(needs) && needs >= least && needs <= after.length
  return [
    ...unknown.map((name) => `it comes after ${JSON.stringify(name)}, and there is no such step in its plan`),
    ...repeated(after).map((name) => `it comes after ${name} twice`),
    ...(reached ? [] : [`it waits for ${needs} of ${after.length} steps: it could not begin as it says`]),
  ]
}

/** Inside a block every step is as the block is: what may be undone as a whole may be undone in each of its parts. */
function kindFaults(step: StepDefinition, around: StepKind | undefined): string[] {
  const { kind } = step
  const faults: string[] = []
  const back = kind === 'retriable' ? turnsBack(step) : undefined
  if (back !== undefined) faults.push(`it could need to undo past the pivot: ${back}`)
  if (around === undefined || kind === around) return faults
  if (kind === 'pivot') faults.push('the pivot stands in the outermost plan, and not inside a block')
  else if (kind === 'retriable') faults.push('it goes forward only, and the block around it may turn back')
  else faults.push('it could need to be undone, and the block around it goes forward only')
  return faults
}

function childFault(step: StepDefinition, find: FindPlan): string | undefined {
  if (step.type !== 'child' || step.kind !== 'compensatable') return undefined
  if (step.undo?.command.type !== CLIENT_COMMAND.undo) return undefined
  const pivot = find(step.child)?.steps.find(({ kind }) => kind === 'pivot')
  if (!pivot) return undefined
  const { definition } = step.child
  return `${definition} cannot be undone past its pivot ${pivot.name}, and this saga may turn back after it: start it past this saga's pivot, or say what becomes of it (undo: 'cancel' or 'leave')`
}
