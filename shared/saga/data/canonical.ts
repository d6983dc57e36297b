/** One text for all ways to write the same plan: what a definition's hash is made of. */
import { canonicalJson, type Json } from '../../message/json.ts'
import type { Definition } from '../definition.ts'
import { definitionData } from '../definition-data.ts'
import { sorted as inOrder } from '../plan-graph.ts'
import type { BranchData, DefinitionData, PlanData, StepData } from './data-types.ts'

/**
 * The plan as canonical JSON: keys sorted, and everything sorted whose order says nothing. The order of independent
 * steps says something only when undoing is sequential: those that began together are undone by it. How sagas of other
 * versions come to it is not in it: a way that is added later makes no other plan of it.
 */
export function canonicalText(definition: Definition): string {
  const { migratesFrom: _, ...plan } = canonicalData(definitionData(definition))
  return canonicalJson(asJson(plan))
}

/** The data in its one order; two ways to write the same plan become equal. */
export function canonicalData(data: DefinitionData): DefinitionData {
  const ordered = data.compensation === 'sequential'
  const { migratesFrom, ...plan } = data
  return { ...plan, ...(migratesFrom && { migratesFrom: waysOf(migratesFrom) }), steps: planOf(data, ordered).steps }
}

function waysOf(ways: NonNullable<DefinitionData['migratesFrom']>): typeof ways {
  const entries = Object.entries(ways)
  return Object.fromEntries(
    entries.map(([from, way]) => [from, way.keeps ? { ...way, keeps: sorted(way.keeps) } : way]),
  )
}

function planOf<P extends PlanData>(plan: P, ordered: boolean): P {
  const steps = ordered ? plan.steps : byName(plan.steps)
  return { ...plan, steps: inOrder(steps).map((step) => stepOf(step, ordered)) }
}

function stepOf(step: StepData, ordered: boolean): StepData {
  const after = sorted(step.after)
  switch (step.type) {
    case 'command':
    case 'child':
      return { ...step, after, ...policyOf(step), ...(step.undo && { undo: { ...step.undo, ...policyOf(step.undo) } }) }
    case 'signal':
      return { ...step, after, ...(step.approval && { approval: approvalOf(step.approval) }) }
    case 'parallel':
      return { ...step, after, branches: branchesOf(ordered ? step.branches : byName(step.branches), ordered) }
    case 'choose':
    case 'attempt':
      return { ...step, after, branches: branchesOf(step.branches, ordered) }
    case 'each':
    case 'repeat':
      return { ...planOf(step, ordered), after }
    default:
      return { ...step, after }
  }
}

function branchesOf(branches: readonly BranchData[], ordered: boolean): BranchData[] {
  return branches.map((branch) => planOf(branch, ordered))
}

type Retrying = Extract<StepData, { readonly type: 'command' }>

function policyOf({ retry }: Pick<Retrying, 'retry'>) {
  return { retry: { ...retry, notOn: sorted(retry.notOn) } }
}

type Approval = NonNullable<Extract<StepData, { readonly type: 'signal' }>['approval']>

function approvalOf({ roles, answers, turnBackOn }: Approval): Approval {
  return { roles: sorted(roles), answers: sorted(answers), turnBackOn: sorted(turnBackOn) }
}

function sorted(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort()
}

function byName<T extends { readonly name: string }>(named: readonly T[]): readonly T[] {
  return [...named].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

/** Data as JSON's own type: it has nothing but records, lists, texts, numbers and truths. */
export function asJson(data: object): Json {
  return JSON.parse(JSON.stringify(data)) as Json
}
