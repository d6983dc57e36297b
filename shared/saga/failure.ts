/**
 * What a failure leads to: the innermost scope whose block can do without it turns back alone; where none can, the saga
 * does. Every ending that is not a completion goes through `turnBack`.
 */
import type { CompensationCause } from '../message/events.ts'
import { blockAround, ROOT, scopesOutward } from '../message/step-path.ts'
import type { BlockStep, EachStep } from './definition.ts'
import { isBlock, stepAt } from './plan-tree.ts'
import type { BlockState } from './state.ts'
import type { Story } from './story.ts'
import { stepAt as stepStateAt } from './tree.ts'

/** A step of this scope cannot be done. */
export function failScope(story: Story, scope: string, cause: CompensationCause): void {
  const spared = [scope, ...scopesOutward(scope)].find((each) => isSpared(story, each))
  turnBack(story, spared ?? ROOT, cause)
}

/** Turns a scope back, or the whole saga: the one way into compensation, whatever the cause. */
export function turnBack(story: Story, scope: string, cause: CompensationCause): void {
  story.tell({ type: 'compensation-started', ...(scope === ROOT ? {} : { scope }), cause })
  story.look('turn', scope)
}

/** Whether the scope is of a block that can do without one more of its scopes. */
function isSpared({ definition, state }: Story, scope: string): boolean {
  const path = blockAround(scope)?.block
  if (path === undefined) return false
  const step = stepAt(definition, path)
  const block = stepStateAt(state, path)?.block
  return step !== undefined && isBlock(step) && block !== undefined && canSpare(step, block)
}

function canSpare(step: BlockStep, block: BlockState): boolean {
  const failed = block.phases.backward + block.phases.undone
  switch (step.type) {
    case 'parallel':
      return step.branches.length - failed - 1 >= step.enough
    case 'attempt':
      return block.scopes.length < step.branches.length
    case 'each':
      return failed + 1 <= toleratedBy(step, block.count ?? 0)
    case 'choose':
    case 'repeat':
      return false
  }
}

/** How many items of so many may fail. */
export function toleratedBy({ tolerated }: EachStep, count: number): number {
  return 'count' in tolerated ? tolerated.count : Math.floor(tolerated.share * count)
}
