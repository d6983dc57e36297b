/** The arrows of a plan: forward along its graph, and back from undo to undo along the reversed one. */
import type { StepData } from '../data/data-types.ts'

export interface Arrow {
  readonly from: string
  readonly to: string
}

/** By the names of the plan's steps. */
export interface Ways {
  /** Steps that begin with the plan, and those that nothing depends on. */
  readonly first: readonly string[]
  readonly last: readonly string[]
  readonly forward: readonly Arrow[]
  /** From the undo of a step, or from a pivot that is rejected, to the undo that comes next. */
  readonly back: readonly Arrow[]
  /** Steps whose undos come last. */
  readonly undone: readonly string[]
  /** Pivots with nothing before them to undo. */
  readonly turns: readonly string[]
}

/** @param hasUndo whether anything undoes a step, or anything in it */
export function waysOf(steps: readonly StepData[], hasUndo: (name: string) => boolean): Ways {
  const known = new Map(steps.map((step) => [step.name, step]))
  const needed = new Set(steps.flatMap(({ after }) => after))
  const back = steps.flatMap((step): Arrow[] =>
    hasUndo(step.name) || step.kind === 'pivot'
      ? undosBefore(step, known, hasUndo).map((to) => ({ from: step.name, to }))
      : [],
  )
  const goesOn = new Set(back.map(({ from }) => from))
  const ends = steps.filter(({ name }) => !goesOn.has(name))
  return {
    first: steps.filter(({ after }) => after.length === 0).map(({ name }) => name),
    last: steps.filter(({ name }) => !needed.has(name)).map(({ name }) => name),
    forward: steps.flatMap(({ name, after }) =>
      after.filter((one) => known.has(one)).map((from) => ({ from, to: name })),
    ),
    back,
    undone: ends.filter(({ name }) => hasUndo(name)).map(({ name }) => name),
    turns: ends.filter(({ name, kind }) => kind === 'pivot' && !hasUndo(name)).map(({ name }) => name),
  }
}

/** The undos that come next on the way back from a step: those of what it depends on, past steps that have none. */
function undosBefore(
  { after }: StepData,
  known: ReadonlyMap<string, StepData>,
  hasUndo: (name: string) => boolean,
): readonly string[] {
  const seen = new Set<string>()
  const found = new Set<string>()
  const look = (name: string): void => {
    const before = known.get(name)
    if (!before || seen.has(name)) return
    seen.add(name)
    if (hasUndo(name)) found.add(name)
    else before.after.forEach(look)
  }
  after.forEach(look)
  return [...found]
}
