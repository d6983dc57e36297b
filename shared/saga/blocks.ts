/** How blocks go on: which of their scopes begin, when they are at their end. One rule per kind; each can be asked again. */
import type { Json } from '../message/json.ts'
import { ROOT, scopeAround, scopePath } from '../message/step-path.ts'
import type { AttemptStep, BlockStep, Branch, ChooseStep, EachStep, ParallelStep, RepeatStep } from './definition.ts'
import { failScope, turnBack } from './failure.ts'
import { isParked } from './parked.ts'
import { isBlock, stepAt } from './plan-tree.ts'
import { askMapping, written } from './request.ts'
import type { BlockState } from './state.ts'
import type { Story } from './story.ts'
import { indexOf, scopeAt, stepAt as stepStateAt } from './tree.ts'

/** Most items that one `each` takes. */
export const ITEMS_MAX = 100_000

/** Opens a block; what is in it begins when it is looked at. */
export function openBlock(story: Story, path: string, step: BlockStep): void {
  const items = step.type === 'each' ? itemsOf(story, path, step) : null
  if (items === undefined) return
  story.tell({ type: 'block-started', step: path, block: step.type, count: items?.length ?? null })
  story.look('block', path)
}

/** The items of an `each`; `undefined`: its step is parked, since there are none to be had. */
function itemsOf(story: Story, path: string, { items }: EachStep): readonly unknown[] | undefined {
  const asked = askMapping(items, story.state, scopeAround(path))
  if (asked.kind === 'threw') {
    story.park(path, asked.error)
    return undefined
  }
  if (Array.isArray(asked.value) && asked.value.length <= ITEMS_MAX) return asked.value
  const found = Array.isArray(asked.value) ? `${asked.value.length} items` : typeof asked.value
  const message = `the items are to be a list of at most ${ITEMS_MAX}, not ${found}`
  story.park(path, { kind: 'mapping', code: 'bad-items', message })
  return undefined
}

interface Open<Step extends BlockStep> {
  readonly path: string
  readonly step: Step
  readonly block: BlockState
}

/** Lets a block go on, when it is open and nothing holds it. */
export function goOn(story: Story, path: string): void {
  const step = stepAt(story.definition, path)
  const known = stepStateAt(story.state, path)
  const { block } = known ?? {}
  if (!step || !isBlock(step) || known?.status !== 'open' || !block || isParked(story.state, path)) return
  if (scopeAt(story.state, scopeAround(path))?.phase !== 'forward') return
  switch (step.type) {
    case 'parallel':
      goOnParallel(story, { path, step, block })
      return
    case 'choose':
      goOnChoose(story, { path, step, block })
      return
    case 'attempt':
      goOnAttempt(story, { path, step, block })
      return
    case 'each':
      goOnEach(story, { path, step, block })
      return
    case 'repeat':
      goOnRepeat(story, { path, step, block })
      return
  }
}

function goOnParallel(story: Story, { path, step, block }: Open<ParallelStep>): void {
  if (block.phases.done < step.enough) {
    const next = step.branches.find(({ name }) => indexOf(block, name) < 0)
    if (next) startScope(story, path, next.name)
    return
  }
  for (const { key, phase } of block.scopes)
    if (phase === 'forward') turnBack(story, scopePath(path, key), { kind: 'superseded', step: path })
  complete(story, path)
}

function goOnChoose(story: Story, { path, step, block }: Open<ChooseStep>): void {
  const taken = block.scopes.at(0)
  if (taken?.phase === 'done') {
    complete(story, path)
    return
  }
  if (taken) return
  const branch = chosen(story, path, step)
  if (branch === 'parked') return
  if (branch) startScope(story, path, branch.name)
  else complete(story, path)
}

/** The branch to take, or none; `parked`: a condition throws. */
function chosen(story: Story, path: string, { branches }: ChooseStep): Branch | 'parked' | undefined {
  for (const branch of branches) {
    if (!branch.when) continue
    const answer = askMapping(branch.when, story.state, scopeAround(path))
    if (answer.kind === 'threw') {
      story.park(path, answer.error)
      return 'parked'
    }
    if (answer.value === true) return branch
  }
  return branches.find((branch) => branch.when === undefined)
}

function goOnAttempt(story: Story, { path, step, block }: Open<AttemptStep>): void {
  const last = block.scopes.at(-1)
  if (last?.phase === 'done') {
    complete(story, path)
    return
  }
  const next = step.branches[block.scopes.length]
  if (next && (!last || last.phase === 'undone')) startScope(story, path, next.name)
}

function goOnEach(story: Story, { path, step, block }: Open<EachStep>): void {
  const { forward, backward } = block.phases
  const count = block.count ?? 0
  const begun = block.scopes.length
  if (begun === count) {
    if (forward + backward === 0) complete(story, path)
    return
  }
  if (forward + backward >= step.parallelMax) return
  const items = itemsOf(story, path, step)
  if (items?.length === count) beginItem(story, path, items)
  else if (items) {
    const message = `the items were ${count} when the block began, and are ${items.length} now`
    story.park(path, { kind: 'mapping', code: 'bad-items', message })
  }
}

function beginItem(story: Story, path: string, items: readonly unknown[]): void {
  const begun = stepStateAt(story.state, path)?.block?.scopes.length ?? 0
  const item = written(items[begun])
  if (item.kind === 'threw') story.park(path, item.error)
  else startScope(story, path, begun, item.value)
}

function goOnRepeat(story: Story, { path, step, block }: Open<RepeatStep>): void {
  const last = block.scopes.at(-1)
  if (!last) {
    startScope(story, path, 0)
    return
  }
  if (last.phase !== 'done') return
  const answer = askMapping(step.until, story.state, scopePath(path, last.key))
  if (answer.kind === 'threw') {
    story.park(path, answer.error)
    return
  }
  const rounds = block.scopes.length
  if (answer.value === true) {
    complete(story, path)
    return
  }
  if (rounds < step.roundsMax) {
    startScope(story, path, rounds)
    return
  }
  if (step.atLimit === 'go-on') {
    complete(story, path)
    return
  }
  const message = `${path} was repeated ${rounds} times, and its condition does not hold`
  const error = { kind: 'limit', code: 'rounds-exhausted', message } as const
  failScope(story, scopeAround(path), { kind: 'failed', step: path, error })
}

/** Begins a scope, and looks at the block again: there may be room for one more. */
function startScope(story: Story, path: string, key: string | number, item?: Json): void {
  const scope = scopePath(path, key)
  story.tell({ type: 'scope-started', scope, ...(item === undefined ? {} : { item }) })
  story.look('scope', scope)
  story.look('block', path)
}

function complete(story: Story, path: string): void {
  story.tell({ type: 'block-completed', step: path })
  story.look('scope', scopeAround(path))
  // The pivot and the end of the saga wait until nothing is being undone beside the block.
  story.look('scope', ROOT)
}
