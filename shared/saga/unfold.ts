/** Looks at everything that a decision has touched, until nothing more follows or the turn is full. */

import { ROOT, scopePath, stepPath } from '../message/step-path.ts'
import { unwind, unwindInTurn } from './backward.ts'
import { goOn } from './blocks.ts'
import { advance } from './forward.ts'
import type { ScopeState } from './state.ts'
import type { Story } from './story.ts'

const RULES = { scope: advance, block: goOn, undo: unwind, turn: unwindInTurn } as const

/** Lets follow what follows. What the turn has no room for is left to the next: the saga says that it has more to do. */
export function unfold(story: Story): void {
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
}

function lookInside(story: Story, scope: ScopeState, path: string): void {
  story.look(scope.phase === 'backward' ? 'undo' : 'scope', path)
  for (const { name, block } of scope.steps) {
    if (!block) continue
    const at = stepPath(path, name)
    story.look('block', at)
    for (const inner of block.scopes)
      if (inner.phase === 'forward' || inner.phase === 'backward') lookInside(story, inner, scopePath(at, inner.key))
  }
}
