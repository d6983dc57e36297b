/** Finding things in a plan: the step at a path, the plan of a scope, what depends on what. */
import { pathParts } from '../message/step-path.ts'
import type { BlockStep, Plan, SendingStep, SignalStep, StepDefinition } from './definition.ts'

/** The step of that name in one plan. */
export function stepNamed(plan: Plan, name: string): StepDefinition | undefined {
  return plan.steps.find((step) => step.name === name)
}

/** The step at a path, from the outermost plan. */
export function stepAt(plan: Plan, path: string): StepDefinition | undefined {
  let step: StepDefinition | undefined
  let inner: Plan | undefined = plan
  for (const { name, key } of pathParts(path)) {
    step = inner && stepNamed(inner, name)
    inner = step && key !== undefined && isBlock(step) ? planOf(step, key) : undefined
  }
  return step
}

/** The step at a path, when it is one that sends a command. */
export function sendingStepAt(plan: Plan, path: string): SendingStep | undefined {
  const step = stepAt(plan, path)
  return step && isSending(step) ? step : undefined
}

/** The plan that a scope runs, from the outermost plan; `undefined` when there is none. */
export function planAt(plan: Plan, scope: string): Plan | undefined {
  let inner: Plan | undefined = plan
  for (const { name, key } of pathParts(scope)) {
    const step: StepDefinition | undefined = inner && stepNamed(inner, name)
    inner = step && key !== undefined && isBlock(step) ? planOf(step, key) : undefined
  }
  return inner
}

/** The plan of one scope of a block. */
export function planOf(block: BlockStep, key: string): Plan | undefined {
  if (block.type === 'each' || block.type === 'repeat') return block.body
  return block.branches.find((branch) => branch.name === key)?.plan
}

export function isBlock(step: StepDefinition): step is BlockStep {
  return 'branches' in step || 'body' in step
}

export function isSending(step: StepDefinition): step is SendingStep {
  return step.type === 'command' || step.type === 'child' || step.type === 'lock'
}

const BEFORE = new WeakMap<Plan, ReadonlyMap<string, ReadonlySet<string>>>()

/** Whether a step depends on another one of its plan, directly or through others. */
export function dependsOn(plan: Plan, name: string, on: string): boolean {
  let before = BEFORE.get(plan)
  if (!before) {
    before = allBefore(plan)
    BEFORE.set(plan, before)
  }
  return before.get(name)?.has(on) ?? false
}

/** Of each step, all that it depends on: those come earlier in the plan. */
function allBefore({ steps }: Plan): ReadonlyMap<string, ReadonlySet<string>> {
  const before = new Map<string, ReadonlySet<string>>()
  for (const { name, after } of steps)
    before.set(name, new Set(after.flatMap((earlier) => [earlier, ...(before.get(earlier) ?? [])])))
  return before
}

/** The plans inside a block, each with the words that tell which. */
export function plansInside(block: BlockStep): readonly { readonly name: string; readonly plan: Plan }[] {
  if (block.type === 'each' || block.type === 'repeat') return [{ name: '', plan: block.body }]
  return block.branches
}

/** Every step that waits for a signal, however deep. */
export function signalSteps(plan: Plan): readonly SignalStep[] {
  return plan.steps.flatMap((step) => {
    if (step.type === 'signal') return [step]
    return isBlock(step) ? plansInside(step).flatMap((inside) => signalSteps(inside.plan)) : []
  })
}
