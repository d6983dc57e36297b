/** Looks at everything that a decision has touched, until nothing more follows or the turn is full. */

import { ROOT, scopePath, stepPath } from '../message/step-path.ts'
import { undoneLate, unwind, unwindInTurn } from './backward.ts'
import { goOn } from './blocks.ts'
import { advance } from './forward.ts'
import { type Decision, events, ignored } from './input.ts'
import type { ScopeState } from './state.ts'
import type { Story } from './story.ts'
import { isUndoingBelow } from './tree.ts'

const RULES = { scope: advance, block: goOn, undo: unwind, turn: unwindInTurn, late: undoneLate } as const

/** Lets follow what follows. What the turn has no room for is left to the next: the saga says that it has more to do. */
export function unfold(story: Story): void {
  // What follows is found when it is resumed.
  if (story.state.paused) return
  for (let look = story.next(); look; look = story.next()) {
    if (story.isFull) {
      yieldTurn(story)
      return
    }
    RULES[look.at](story, look.path)
  }
  if (story.resumes) story.tell({ type: 'turn-yielded', more: false })
}

function yieldTurn(story: Story): void {
  if (!story.state.yielded || story.resumes) story.tell({ type: 'turn-yielded', more: true })
}

/** Puts every scope and block that has not come to its end on the agenda. */
export function lookEverywhere(story: Story): void {
  lookInside(story, story.state.root, ROOT)
  if (story.state.lateUndos > 0) lookForLate(story, story.state.root, ROOT)
}

/** Something is still to be done in the scope: one that is done may hold a branch that is not undone yet. */
function isGoing(scope: ScopeState): boolean {
  return scope.phase === 'forward' || scope.phase === 'backward' || (scope.phase === 'done' && isUndoingBelow(scope))
}

/** Steps that succeeded late in scopes that had come to their end. */
function lookForLate(story: Story, scope: ScopeState, path: string): void {
  for (const { name, status, block } of scope.steps) {
    const at = stepPath(path, name)
    if (!block && status === 'succeeded' && scope.phase === 'undone') story.look('late', at)
    for (const inner of block?.scopes ?? []) lookForLate(story, inner, scopePath(at, inner.key))
  }
}

function lookInside(story: Story, scope: ScopeState, path: string): void {
  story.look(scope.phase === 'backward' ? 'undo' : 'scope', path)
  for (const { name, block } of scope.steps) {
    if (!block) continue
    const at = stepPath(path, name)
    story.look('block', at)
    for (const inner of block.scopes) if (isGoing(inner)) lookInside(story, inner, scopePath(at, inner.key))
  }
}

/** What a rule has decided, with all that follows from it. */
export function unfolded(story: Story, decision: Decision): Decision {
  if (decision.kind !== 'events') return decision
  unfold(story)
  if (story.events.length === 0) return ignored('nothing-due')
  const { missed } = story
  return { ...events(...story.events), ...(missed.length > 0 && { missed }) }
}
