/** Generated plans: graphs of any steps, and blocks of them inside each other. */
import type {
  AttemptStep,
  Branch,
  ChooseStep,
  EachStep,
  ParallelStep,
  Plan,
  RepeatStep,
  StepDefinition,
  StepKind,
} from '../../../shared/saga/definition.ts'
import type { Choices } from './choices.ts'
import { answering, itemsOf, mappingOf } from './faults.ts'
import {
  childStep,
  commandStep,
  conditionOf,
  localStep,
  lockStep,
  type Making,
  type Placed,
  signalStep,
  sleepStep,
} from './steps.ts'

/** Blocks stand in each other so deep. */
const DEPTH_MAX = 3

/** Where a plan stands: steps inside a block are all of the block's kind. `times`: how often it may run. */
export interface Place {
  readonly depth: number
  readonly kind: StepKind
  readonly times: number
}

/** A plan inside a block. */
function innerPlan(making: Making, place: Place): Plan {
  const { choices, faults, left } = making
  const count = Math.min(
    choices.weighted([
      [5, 1],
      [4, 2],
      [2, 3],
    ] as const),
    Math.max(left.steps, 1),
  )
  const steps: StepDefinition[] = []
  for (let i = 0; i < count; i++)
    steps.push(stepOf(making, place, { ...joinOf(choices, names(steps)), name: nameIn(place, i) }))
  const output = choices.percent(30) ? mappingOf(faults, 'output') : undefined
  return { steps, output }
}

export function names(steps: readonly StepDefinition[]): string[] {
  return steps.map(({ name }) => name)
}

/** Steps at one depth have the same names in every plan; none has that of a step around it. */
export function nameIn({ depth }: Pick<Place, 'depth'>, index: number): string {
  return `${'abcd'[depth]}${index}`
}

/** Depends on the step before it, on some or on none; and needs all of those, one, or so many. */
export function joinOf(choices: Choices, before: readonly string[]): Pick<Placed, 'after' | 'needs'> {
  const last = before.slice(-1)
  const after =
    choices.weighted([
      [4, last],
      [2, []],
      [3, undefined],
    ]) ?? choices.some(before)
  return { after, needs: needsOf(choices, after.length) }
}

export function needsOf(choices: Choices, all: number): number {
  return all > 1 && choices.percent(40) ? 1 + choices.below(all) : all
}

type Named = Pick<Placed, 'name' | 'after' | 'needs'>

type Leaf = (making: Making, placed: Placed) => StepDefinition

const LEAVES: readonly [readonly [number, Leaf], ...(readonly [number, Leaf])[]] = [
  [12, commandStep],
  [1, localStep],
  [1, sleepStep],
  [2, signalStep],
  [2, lockStep],
]
const LEAVES_AND_CHILD: typeof LEAVES = [...LEAVES, [2, childStep]]

/** A step of any type. */
export function stepOf(making: Making, place: Place, named: Named): StepDefinition {
  const { choices, left } = making
  left.steps--
  const placed: Placed = { ...named, kind: place.kind, when: conditionOf(making) }
  const room = place.depth < DEPTH_MAX && left.steps > 0 && left.runs > 0
  const block = choices.percent(30)
  if (block && room) return blockOf(making, place, placed)
  const leaf = choices.weighted(making.isChild ? LEAVES : LEAVES_AND_CHILD)
  left.runs -= place.times
  return leaf(making, placed)
}

function blockOf(making: Making, place: Place, placed: Placed): StepDefinition {
  const { choices } = making
  const back = placed.kind !== 'retriable'
  const inside = { ...place, depth: place.depth + 1 }
  switch (
    choices.weighted([
      [3, 'parallel'],
      [2, 'choose'],
      [2, 'each'],
      [2, 'repeat'],
      [back ? 2 : 0, 'attempt'],
    ] as const)
  ) {
    case 'parallel':
      return parallel(making, inside, placed)
    case 'choose':
      return choose(making, inside, placed)
    case 'attempt':
      return { ...placed, type: 'attempt', branches: branchesOf(making, inside) } satisfies AttemptStep
    case 'each':
      return each(making, inside, placed)
    case 'repeat':
      return repeat(making, inside, placed)
  }
}

function branchesOf(making: Making, inside: Place): Branch[] {
  const count = making.choices.weighted([
    [4, 2],
    [2, 1],
    [2, 3],
  ] as const)
  return Array.from({ length: count }, (_, i) => ({
    name: `way${i}`,
    when: undefined,
    plan: innerPlan(making, inside),
  }))
}

function parallel(making: Making, inside: Place, placed: Placed): ParallelStep {
  const branches = branchesOf(making, inside)
  const fewer = placed.kind !== 'retriable' && making.choices.percent(60)
  const enough = fewer ? 1 + making.choices.below(branches.length) : branches.length
  return { ...placed, type: 'parallel', branches, enough }
}

function choose(making: Making, inside: Place, placed: Placed): ChooseStep {
  const { choices, faults } = making
  const fallback = choices.percent(50)
  const branches = branchesOf(making, inside).map((branch, i, all) => {
    const holds = choices.percent(40)
    const free = fallback && i === all.length - 1
    return { ...branch, when: free ? undefined : answering(faults, () => holds) }
  })
  return { ...placed, type: 'choose', branches }
}

function each(making: Making, inside: Place, placed: Placed): EachStep {
  const { choices, faults } = making
  const count = choices.weighted([
    [3, 2],
    [1, 0],
    [2, 1],
    [2, 3],
    [1, 4],
  ] as const)
  const some = choices.one([{ count: 1 }, { share: 0.5 }, { count: 2 }, { share: 1 }])
  const tolerated = placed.kind !== 'retriable' && choices.percent(60) ? some : { count: 0 }
  const times = inside.times * Math.max(count, 1)
  const body = innerPlan(making, { ...inside, times })
  return { ...placed, type: 'each', items: itemsOf(faults, count), body, parallelMax: 1 + choices.below(3), tolerated }
}

function repeat(making: Making, inside: Place, placed: Placed): RepeatStep {
  const { choices, faults } = making
  const roundsMax = 1 + choices.below(3)
  const enough = choices.below(4)
  const until = answering(faults, ({ index }) => Number(index) >= enough)
  // A child that turns back each time it is started would never let its parent end.
  const mayFail = placed.kind !== 'retriable' && !making.isChild
  const atLimit = mayFail && choices.percent(50) ? 'turn-back' : 'go-on'
  const body = innerPlan(making, { ...inside, times: inside.times * roundsMax })
  return { ...placed, type: 'repeat', body, until, roundsMax, atLimit }
}
