/** The graph of one plan's steps: an order in which each comes after those it depends on, and what is surely done before it. */
import type { BlockStep, Plan, StepDefinition } from './definition.ts'
import { isBlock } from './plan-tree.ts'

/** What a graph is made of. */
export type Joined = Pick<StepDefinition, 'name' | 'after' | 'needs'>

/** The steps sorted so that each comes after those it depends on, otherwise as they were; those in a cycle, or after one, come last. */
export function sorted<Step extends Joined>(steps: readonly Step[]): readonly Step[] {
  const names = new Set(steps.map(({ name }) => name))
  const placed = new Set<string>()
  const order: Step[] = []
  let left = steps
  while (left.length > 0) {
    const ready = left.find(({ after }) => after.every((name) => placed.has(name) || !names.has(name)))
    if (!ready) return [...order, ...left]
    order.push(ready)
    placed.add(ready.name)
    left = left.filter((step) => step !== ready)
  }
  return order
}

/** The plan with its steps sorted, and so the plans inside its blocks. */
export function inOrder<P extends Plan>(plan: P): P {
  return { ...plan, steps: sorted(plan.steps).map((step) => (isBlock(step) ? blockInOrder(step) : step)) }
}

function blockInOrder(block: BlockStep): BlockStep {
  if (block.type === 'each' || block.type === 'repeat') return { ...block, body: inOrder(block.body) }
  return { ...block, branches: block.branches.map((branch) => ({ ...branch, plan: inOrder(branch.plan) })) }
}

/** A way round through the dependencies, first step named again at its end; `undefined` when there is none. */
export function cycleIn(steps: readonly Joined[]): readonly string[] | undefined {
  const order = sorted(steps)
  const placed = new Set<string>()
  const byName = new Map(steps.map((step) => [step.name, step]))
  const stuck = order.find((step) => {
    const ready = step.after.every((name) => placed.has(name) || !byName.has(name))
    placed.add(step.name)
    return !ready
  })
  if (!stuck) return undefined
  const free = new Set(order.slice(0, order.indexOf(stuck)).map(({ name }) => name))
  const way: string[] = []
  let name: string | undefined = stuck.name
  while (name !== undefined && !way.includes(name)) {
    way.push(name)
    name = byName.get(name)?.after.find((other) => byName.has(other) && !free.has(other))
  }
  return name === undefined ? undefined : [...way.slice(way.indexOf(name)), name]
}

/**
 * For each step the steps that are surely done when it begins. What each of its dependencies waited for is; of what only
 * some of them waited for, that which is left out by too few of them to make up what it needs.
 */
export function surelyBefore(steps: readonly Joined[]): ReadonlyMap<string, ReadonlySet<string>> {
  const before = new Map<string, ReadonlySet<string>>()
  for (const { name, after, needs } of sorted(steps)) {
    const counts = new Map<string, number>()
    for (const other of after)
      for (const done of new Set([other, ...(before.get(other) ?? [])])) counts.set(done, (counts.get(done) ?? 0) + 1)
    const sure = [...counts].filter(([, count]) => count > after.length - needs)
    before.set(name, new Set(sure.map(([done]) => done)))
  }
  return before
}
