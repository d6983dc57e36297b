/** The way forward: which steps of a scope may begin (S4), and what happens when all of them are done. */
import { blockAround, ROOT, stepPath } from '../message/step-path.ts'
import { begin } from './begin.ts'
import { answerParent } from './children.ts'
import type { Plan, StepDefinition } from './definition.ts'
import { isParked } from './parked.ts'
import { isSending, planAt } from './plan-tree.ts'
import { request, runMapping } from './request.ts'
import { type SagaState, type ScopeState, type StepState, stepIn } from './state.ts'
import type { Story } from './story.ts'
import { isUndoingBelow, scopeAt } from './tree.ts'

/** Begins every step of the scope that can begin, and ends the scope when all are done. */
export function advance(story: Story, path: string): void {
  const plan = planAt(story.definition, path)
  if (!plan) return
  for (let scope = goingOn(story, path); scope; scope = goingOn(story, path)) {
    const step = plan.steps.find((step) => isReady(story.state, { path, scope, step }))
    if (!step) {
      finish(story, path, { plan, scope })
      return
    }
    if (story.isFull) {
      story.look('scope', path)
      return
    }
    beginOrAgain(story, stepPath(path, step.name), { step, known: stepIn(scope, step.name) })
  }
}

function beginOrAgain(
  story: Story,
  path: string,
  { step, known }: { step: StepDefinition; known: StepState | undefined },
): void {
  if (known && isSending(step)) request(story, { path, step, direction: 'step', attempt: known.attempt + 1 })
  else begin(story, path, step)
}

function goingOn({ state }: Story, path: string): ScopeState | undefined {
  const scope = scopeAt(state, path)
  return scope?.phase === 'forward' ? scope : undefined
}

interface Candidate {
  readonly path: string
  readonly scope: ScopeState
  readonly step: StepDefinition
}

/** S4: a step begins when so many as it needs of those that it depends on are done or skipped; the pivot, when nothing is being undone. */
function isReady(state: SagaState, { path, scope, step }: Candidate): boolean {
  const known = stepIn(scope, step.name)
  if (known && !AGAIN.has(known.status)) return false
  if (scope.held > 0 && isParked(state, stepPath(path, step.name))) return false
  const done = step.after.filter((name) => isDone(scope, name)).length
  return done >= step.needs && (step.kind !== 'pivot' || !isUndoing(state))
}

/** What was parked in these is asked for again when a person has said so. */
const AGAIN: ReadonlySet<StepState['status']> = new Set(['rejected', 'given-up'])

function isDone(scope: ScopeState, name: string): boolean {
  const status = stepIn(scope, name)?.status
  return status === 'succeeded' || status === 'skipped' || status === 'given'
}

function isUndoing(state: SagaState): boolean {
  return state.lateUndos > 0 || isUndoingBelow(state.root)
}

function finish(story: Story, path: string, { plan, scope }: { plan: Plan; scope: ScopeState }): void {
  if (!plan.steps.every(({ name }) => isDone(scope, name))) return
  if (path === ROOT) {
    complete(story)
    return
  }
  const output = plan.output && runMapping(plan.output, story.state, path)
  if (output?.kind === 'threw') {
    const block = blockAround(path)?.block
    if (block !== undefined && !isParked(story.state, block)) story.park(block, output.error)
    return
  }
  story.tell({ type: 'scope-completed', scope: path, ...(output ? { output: output.value } : {}) })
  story.look('block', blockAround(path)?.block ?? ROOT)
}

function complete(story: Story): void {
  const { state, definition } = story
  if (isUndoing(state) || state.parked.length > 0) return
  const output = runMapping(definition.output, state, ROOT)
  if (output.kind === 'threw') {
    story.park(null, output.error)
    return
  }
  answerParent(story, { outcome: 'success', body: output.value })
  story.tell({ type: 'saga-completed', output: output.value })
}
