/** As much of a definition as the invariants ask for: graphs of steps, and in blocks further graphs. */
import type { BlockKind } from '../../message/events.ts'
import type { BlockStep, Definition, Plan, StepDefinition, StepKind } from '../definition.ts'

export interface PlannedGraph {
  /** By name, each after those that it depends on. */
  readonly steps: ReadonlyMap<string, PlannedStep>
}

/** Of a whole saga. */
export interface PlanOutline extends PlannedGraph {
  readonly compensation: Definition['compensation']
}

export interface PlannedStep {
  readonly name: string
  readonly type: StepDefinition['type']
  readonly kind: StepKind
  readonly after: readonly string[]
  /** How many of those must be done or skipped before it begins. */
  readonly needs: number
  /** Every step that depends on it, also over others. */
  readonly later: readonly string[]
  /** Who undoes it; `nobody`: there is nothing to undo. */
  readonly undoneBy: 'command' | 'person' | 'nobody'
  readonly hasUndo: boolean
  readonly isPivot: boolean
  /** Participant and type of the command that it sends; of a child saga, its definition. */
  readonly command: string | undefined
  /** Attributes that are taken from it. */
  readonly finds: readonly string[]
  readonly block: PlannedBlock | undefined
}

export interface PlannedBlock {
  readonly kind: BlockKind
  /** By the key of their scopes; where every scope runs the same one, it is under the empty text. */
  readonly plans: ReadonlyMap<string, PlannedGraph>
  /** `parallel`: how many must be done. */
  readonly enough: number
  /** `each`: how many may be unsettled at the same time. `repeat`: one. */
  readonly parallelMax: number
  /** `each`: how many of so many items may fail. */
  readonly toleratedOf: (count: number) => number
  /** `repeat`: how many rounds there may be. */
  readonly roundsMax: number
}

export function outlineOf(definition: Pick<Definition, 'steps' | 'compensation' | 'attributes'>): PlanOutline {
  return { ...plannedGraph(definition), compensation: definition.compensation }
}

type PlanToRead = Pick<Plan, 'steps'> & Pick<Definition, 'attributes'>

function plannedGraph(plan: PlanToRead): PlannedGraph {
  return { steps: new Map(plan.steps.map((step) => [step.name, planned(step, plan)])) }
}

function planned(step: StepDefinition, { steps: all, attributes = {} }: PlanToRead): PlannedStep {
  const undoneBy = whoUndoes(step)
  return {
    name: step.name,
    type: step.type,
    kind: step.kind,
    after: step.after,
    needs: step.needs,
    later: laterThan(step.name, all),
    undoneBy,
    hasUndo: undoneBy !== 'nobody',
    isPivot: step.kind === 'pivot',
    command: commandOf(step),
    finds: Object.keys(attributes).filter((name) => attributes[name]?.of === step.name),
    block: 'branches' in step || 'body' in step ? plannedBlock(step) : undefined,
  }
}

function commandOf(step: StepDefinition): string | undefined {
  if (step.type === 'child') return `kasaga ${step.child.definition}`
  return step.type === 'command' ? `${step.forward.command.participant} ${step.forward.command.type}` : undefined
}

function whoUndoes(step: StepDefinition): PlannedStep['undoneBy'] {
  if (step.type !== 'command' && step.type !== 'child' && step.type !== 'lock') return 'nobody'
  if (step.undo) return 'command'
  return step.byHand === undefined ? 'nobody' : 'person'
}

function laterThan(name: string, all: readonly StepDefinition[]): string[] {
  const later = new Set<string>([name])
  for (const step of all) if (step.after.some((before) => later.has(before))) later.add(step.name)
  later.delete(name)
  return [...later]
}

function plannedBlock(step: BlockStep): PlannedBlock {
  const plans =
    'branches' in step
      ? new Map(step.branches.map(({ name, plan }) => [name, plannedGraph(plan)]))
      : new Map([['', plannedGraph(step.body)]])
  return {
    kind: step.type,
    plans,
    enough: step.type === 'parallel' ? step.enough : 1,
    parallelMax: step.type === 'each' ? step.parallelMax : step.type === 'repeat' ? 1 : plans.size,
    toleratedOf: (count) => (step.type === 'each' ? toleratedOf(step.tolerated, count) : 0),
    roundsMax: step.type === 'repeat' ? step.roundsMax : 0,
  }
}

function toleratedOf(tolerated: { readonly count: number } | { readonly share: number }, count: number): number {
  return 'count' in tolerated ? tolerated.count : Math.floor(tolerated.share * count)
}
