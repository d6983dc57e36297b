/**
 * A definition as a picture: Mermaid's flowchart. Solid arrows lead forward along the graph; blocks are frames around what
 * runs in them. Dashed arrows lead back: from each step to its undo, and from undo to undo along the reversed graph, where a
 * frame stands for all undos in it.
 */
import type { BranchData, DefinitionData, PlanData, StepData } from './data/data-types.ts'
import { boxOf, labelOf, needsText, plainText, quoted, undoBoxOf } from './data/draw-words.ts'
import { waysOf } from './picture/ways.ts'

/** A flowchart in Mermaid's language. */
export function mermaidOf(data: DefinitionData): string {
  const drawing = new Drawing()
  drawing.add('flowchart TD')
  drawing.framed(() => drawRoot(drawing, data))
  return `${drawing.lines.join('\n')}\n`
}

function drawRoot(drawing: Drawing, data: DefinitionData): void {
  drawing.add('start((start))')
  drawWays(drawing, data)
  const { first, last, undone, turns } = drawPlan(drawing, data)
  drawing.add('done(((completed)))')
  for (const id of first) drawing.link('start', id, '')
  for (const id of last) drawing.link(id, 'done', '')
  if (undone.length + turns.length === 0) return
  const way = data.compensation === 'sequential' ? ['compensated,', 'one undo at a time'] : ['compensated']
  drawing.add(`back(((${quoted(way)})))`)
  for (const id of undone) drawing.back(id, 'back', '')
  for (const id of turns) drawing.back(id, 'back', 'rejected')
}

/** Sagas of other versions come in from beside, and go on where they stand. */
function drawWays(drawing: Drawing, { migratesFrom = {} }: DefinitionData): void {
  for (const [from, { renames = {} }] of Object.entries(migratesFrom)) {
    const names = Object.entries(renames).map(([old, name]) => plainText(`${old} is ${name}`))
    drawing.add(`from${from}[/${quoted([`moved from version ${from}`, ...names])}\\]`)
    drawing.link(`from${from}`, 'start', 'where it stands')
  }
}

/** Lines of the picture, and names for its boxes. */
class Drawing {
  readonly lines: string[] = []
  #depth = 0
  #count = 0

  add(line: string): void {
    this.lines.push(`${'  '.repeat(this.#depth)}${line}`)
  }

  /** A new box's number. */
  next(): number {
    return this.#count++
  }

  framed(draw: () => void): void {
    this.#depth++
    draw()
    this.#depth--
  }

  frame(id: string, label: string, draw: () => void): void {
    this.add(`subgraph ${id}[${label}]`)
    this.framed(draw)
    this.add('end')
  }

  link(from: string, to: string, label: string): void {
    this.add(label === '' ? `${from} --> ${to}` : `${from} -- ${quoted([label])} --> ${to}`)
  }

  back(from: string, to: string, label: string): void {
    this.add(label === '' ? `${from} -.-> ${to}` : `${from} -. ${quoted([label])} .-> ${to}`)
  }
}

/** What of a drawn plan the arrows from outside lead to. */
interface Drawn {
  /** Steps that begin with the plan, and those that nothing depends on. */
  readonly first: readonly string[]
  readonly last: readonly string[]
  /** Undos that come last. */
  readonly undone: readonly string[]
  /** Pivots with nothing before them to undo. */
  readonly turns: readonly string[]
}

/** A step in the picture: its box, and the box that its way back begins at. */
interface Placed {
  readonly step: StepData
  readonly id: string
  readonly back: string | undefined
}

function drawPlan(drawing: Drawing, { steps }: PlanData): Drawn {
  const placed = new Map(steps.map((step) => [step.name, drawStep(drawing, step)]))
  const backOf = (name: string) => placed.get(name)?.back
  const ways = waysOf(steps, (name) => backOf(name) !== undefined)
  const idsOf = (names: readonly string[]) => names.flatMap((name) => placed.get(name)?.id ?? [])
  for (const { from, to } of ways.forward) {
    const [before, after] = [placed.get(from), placed.get(to)]
    if (before && after) drawing.link(before.id, after.id, needsText(after.step))
  }
  for (const { from, to } of ways.back) {
    const [id, back, next] = [placed.get(from)?.id ?? '', backOf(from), backOf(to) ?? '']
    drawing.back(back ?? id, next, back === undefined ? 'rejected' : '')
  }
  const undone = ways.undone.flatMap((name) => backOf(name) ?? [])
  return { first: idsOf(ways.first), last: idsOf(ways.last), undone, turns: idsOf(ways.turns) }
}

function drawStep(drawing: Drawing, step: StepData): Placed {
  const number = drawing.next()
  const id = `s${number}`
  if ('branches' in step || 'steps' in step) {
    let hasUndo = false
    drawing.frame(id, labelOf(step), () => {
      hasUndo = 'branches' in step ? drawBranches(drawing, step) : drawBody(drawing, step, number)
    })
    return { step, id, back: hasUndo ? id : undefined }
  }
  drawing.add(`${id}${boxOf(step)}`)
  const undo = undoBoxOf(step)
  if (undo === undefined) return { step, id, back: undefined }
  const back = `u${number}`
  drawing.add(`${back}${undo}`)
  drawing.back(id, back, '')
  return { step, id, back }
}

type Body = Extract<StepData, { readonly type: 'each' | 'repeat' }>
type Branching = Extract<StepData, { readonly branches: unknown }>

/** What stands in the frame of an `each` or a `repeat`; the rounds of a repeat have an arrow back to their start. Says whether any of it has an undo. */
function drawBody(drawing: Drawing, step: Body, number: number): boolean {
  const { first, last, undone } = drawPlan(drawing, step)
  if (step.type === 'each') return undone.length > 0
  const [round, until] = [`r${number}`, `q${number}`]
  drawing.add(`${round}((round))`)
  drawing.add(`${until}{${quoted([plainText(`until ${step.until}`)])}}`)
  for (const id of first) drawing.link(round, id, '')
  for (const id of last) drawing.link(id, until, '')
  drawing.link(until, round, 'again')
  return undone.length > 0
}

/** A frame for each branch. Says whether any of them has an undo. */
function drawBranches(drawing: Drawing, step: Branching): boolean {
  const drawn = step.branches.map((branch) => drawBranch(drawing, branch))
  const ids = drawn.map(({ id }) => id)
  if (step.type === 'attempt')
    for (const [i, id] of ids.slice(1).entries()) drawing.link(ids[i] ?? id, id, 'if it fails')
  if (step.type === 'choose') {
    const choice = `c${drawing.next()}`
    drawing.add(`${choice}{which}`)
    for (const { id, branch } of drawn)
      drawing.link(choice, id, branch.when === undefined ? 'else' : `if ${plainText(branch.when)}`)
  }
  return drawn.some(({ hasUndo }) => hasUndo)
}

function drawBranch(drawing: Drawing, branch: BranchData) {
  const id = `b${drawing.next()}`
  let hasUndo = false
  drawing.frame(id, quoted([`<b>${plainText(branch.name)}</b>`]), () => {
    hasUndo = drawPlan(drawing, branch).undone.length > 0
  })
  return { id, branch, hasUndo }
}
