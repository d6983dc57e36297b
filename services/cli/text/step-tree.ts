/** Steps as the tree that they are: what is inside a block stands under it, what was undone stands after all that was done. */
import type { StepAnswer } from '../../../shared/client/http-api.ts'
import { pathParts, scopePath, stepPath } from '../../../shared/message/step-path.ts'

/** How deep a step or scope stands: 0 for the steps of the saga itself. */
export function depthOf(path: string): number {
  const parts = pathParts(path)
  const isScope = parts.at(-1)?.key !== undefined
  return Math.max(0, isScope ? parts.length : parts.length - 1)
}

/** The path and all that it stands in, outermost first: `p`, `p[x]`, `p[x].a`. */
function places(path: string): string[] {
  const all: string[] = []
  let scope = ''
  for (const { name, key } of pathParts(path)) {
    const step = stepPath(scope, name)
    all.push(step)
    if (key === undefined) continue
    scope = scopePath(step, key)
    all.push(scope)
  }
  return all
}

/** Each with all that is inside it, in the order in which they began. */
function asTree(steps: readonly StepAnswer[]): StepAnswer[] {
  const seen = new Map<string, number>()
  const ranked = steps.map((step) => {
    const rank = places(step.step).map((place) => {
      const known = seen.get(place) ?? seen.size
      seen.set(place, known)
      return known
    })
    return { step, rank }
  })
  return ranked.sort((a, b) => compareRanks(a.rank, b.rank)).map(({ step }) => step)
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** The steps, which come in the order in which they began, as a tree: first those done, then those undone. */
export function inTreeOrder(steps: readonly StepAnswer[]): StepAnswer[] {
  const forward = steps.filter(({ direction }) => direction === 'forward')
  const back = steps.filter(({ direction }) => direction !== 'forward')
  return [...asTree(forward), ...asTree(back)]
}
