/** A plan while it is written: plain data that each word of the chain adds to, none of them changing what was there. */
import { migrationFaults } from './check-migrations.ts'
import { type PlanFault, planFaults } from './check-plan.ts'
import type { ChildPlan, CommandStep, Definition, Mapping, Plan, StepDefinition, StepKind } from './definition.ts'
import { type Duration, durationMs } from './duration.ts'
import { inOrder, surelyBefore } from './plan-graph.ts'

/** A mapping, whatever it sees: its types are checked where it is written. */
export type AnyMapping = (seen: never) => unknown

/** A plan that is being written. */
export interface Draft {
  readonly steps: readonly StepDefinition[]
  /** What the next step is, unless it says more. */
  readonly kind: 'compensatable' | 'retriable'
  /** What was said of the next step. */
  readonly next: NextStep
  /** Plans of the sagas that are started from here. */
  readonly children: readonly KnownChild[]
  readonly output: Mapping | undefined
}

interface NextStep {
  readonly when?: Mapping
  readonly join?: Join
}
/** Which steps the next one depends on, and how many of them it needs. */
export interface Join {
  readonly after: readonly string[]
  readonly needs: number
}
export interface KnownChild extends ChildPlan {
  readonly plan: Plan
}

export function emptyDraft(kind: Draft['kind']): Draft {
  return { steps: [], kind, next: {}, children: [], output: undefined }
}

/** A mapping as the plan keeps it. */
export function mapping(map: AnyMapping): Mapping {
  return map as Mapping
}

/** What a step is, but for where it stands. */
export type StepBody = StepDefinition extends infer Step
  ? Step extends StepDefinition
    ? Omit<Step, 'name' | 'kind' | 'when' | 'after' | 'needs'>
    : never
  : never

/** The draft with one more step, joined and under the condition as was said for it. */
export function addStep(draft: Draft, name: string, body: StepBody): Draft {
  const join = joinOf(draft)
  return { ...draft, next: {}, steps: [...draft.steps, stepOf({ name, kind: draft.kind, ...join }, draft, body)] }
}

/** The draft with its pivot, which waits for all there is; past it steps are retriable. */
export function addPivot(draft: Draft, name: string, body: StepBody): Draft {
  const after = ends(draft.steps, surelyBefore(draft.steps))
  const step = stepOf({ name, kind: 'pivot', after, needs: after.length }, draft, body)
  return { ...draft, kind: 'retriable', next: {}, steps: [...draft.steps, step] }
}

type Place = { readonly name: string; readonly kind: StepKind } & Join

function stepOf(place: Place, { next }: Draft, body: StepBody): StepDefinition {
  return { ...place, ...body, when: next.when } as StepDefinition
}

/** Steps that no other surely waits for. */
function ends(steps: readonly StepDefinition[], before: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const names = steps.map(({ name }) => name)
  return names.filter((name) => !names.some((other) => other !== name && before.get(other)?.has(name)))
}

/** What was said of the next step's dependencies; without a word they are all steps that nothing depends on yet. */
function joinOf({ steps, next }: Draft): Join {
  if (next.join) return pastPivot(steps, next.join)
  const taken = new Set(steps.flatMap(({ after }) => after))
  const after = steps.map(({ name }) => name).filter((name) => !taken.has(name))
  return { after, needs: after.length }
}

/** Past the pivot a step waits for the pivot at least: what was before it is done by then. */
function pastPivot(steps: readonly StepDefinition[], join: Join): Join {
  const at = steps.findIndex(({ kind }) => kind === 'pivot')
  const pivot = steps[at]
  if (!pivot) return join
  const done = new Set(steps.slice(0, at).map(({ name }) => name))
  const after = join.after.filter((name) => !done.has(name))
  const needs = join.needs - (join.after.length - after.length)
  return needs > 0 ? { after, needs } : { after: [pivot.name], needs: 1 }
}

/** The draft with something more said of its last step, which is one that sends a command. */
export function sayOfLast(draft: Draft, said: Partial<CommandStep>): Draft {
  const last = draft.steps.at(-1)
  if (last?.type !== 'command') throw new TypeError('an undo is said just after the command that it is for')
  return { ...draft, steps: [...draft.steps.slice(0, -1), { ...last, ...said }] }
}

/** What the outermost chain says of its saga. */
export interface SagaHead<Input>
  extends Pick<
    Definition<Input>,
    'name' | 'version' | 'input' | 'compensation' | 'attributes' | 'priority' | 'migrations'
  > {
  readonly deadline: Duration | undefined
}

/** The plan that was written. @throws TypeError with everything that is wrong with it. */
export function finish<Input>(head: SagaHead<Input>, draft: Draft): Definition<Input> {
  const { deadline, ...rest } = head
  const plan: Plan = { steps: draft.steps, output: draft.output }
  const faults = planFaults({ ...plan, attributes: head.attributes }, (child) => childPlan(draft.children, child))
  if (faults.length > 0) throw new TypeError(told(head.name, faults))
  const [fault] = migrationFaults({ ...head, steps: draft.steps, output: undefined })
  if (fault !== undefined) throw new TypeError(`saga ${head.name}: ${fault}`)
  return {
    ...rest,
    ...inOrder(plan),
    output: draft.output ?? (() => null),
    deadlineMs: deadline === undefined ? undefined : durationMs(deadline),
  }
}

function childPlan(children: readonly KnownChild[], child: ChildPlan): Plan | undefined {
  return children.find(({ definition, version }) => definition === child.definition && version === child.version)?.plan
}

function told(name: string, faults: readonly PlanFault[]): string {
  return faults.map(({ path, message }) => `saga ${name}${path === '' ? '' : `, ${path}`}: ${message}`).join('\n')
}
