/** Where everything of a picture stands, in pixels. A block is laid out by itself, and is then a cell of the plan around it. */
import type { StepData } from '../data/data-types.ts'
import { columnsOf, seen, wrapped } from './label.ts'
import { type Cell, inRows, type Link, type Point } from './layers.ts'
import type { Look, Picture, PlanPicture, ScopePicture, StepPicture, Words } from './picture.ts'

/** What is said in a box, cut into its lines. */
export interface BoxText {
  readonly title: readonly string[]
  readonly lines: readonly string[]
}

export interface Shape {
  /** `point`: where a way begins or ends. `scope`: a branch. `entry`: where sagas of other versions come in. */
  readonly kind: 'step' | 'undo' | 'scope' | 'point' | 'entry' | 'words'
  /** Of the step or scope; of a point its name. */
  readonly path: string
  readonly look: Look
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly text: BoxText
  /** All that it says, uncut. */
  readonly said: Words
  readonly irreversible: boolean
}

export interface Line {
  readonly kind: 'forward' | 'back' | 'again'
  /** See the routes of `Rows`. Of an `again` each piece is straight. */
  readonly points: readonly Point[]
  /** Whether it ends in a tip; otherwise it ends in another line. */
  readonly tip: boolean
  readonly label: string
}

export interface Layout {
  readonly width: number
  readonly height: number
  /** What holds others comes before what it holds. */
  readonly shapes: readonly Shape[]
  readonly lines: readonly Line[]
}

export const TITLE_SIZE = 13
export const LINE_SIZE = 11
/** Widest that a typewriter face of that size is. */
const WIDTH_OF_SIZE = 0.61
const LINE_HEIGHT = 15
const TITLE_HEIGHT = 18
const PAD = 12
const COLUMNS_MAX = 34
const LINES_MAX = 3
const UNDO_GAP = 30
const FRAME_PAD = 16
/** Room beside the rounds of a loop, for the arrow back and its word. */
const LANE = 48
const SCOPE_GAP = 20
/** Scopes of a block go on in another row from here on. */
const SCOPES_WIDTH_MAX = 1_300

function textOf({ title, lines }: Words): BoxText {
  return {
    title: wrapped(title, COLUMNS_MAX - 6, 2),
    lines: lines.flatMap((line) => wrapped(line, COLUMNS_MAX, LINES_MAX)),
  }
}

function sizeOf({ title, lines }: BoxText, slant = 0): { readonly width: number; readonly height: number } {
  const widest = Math.max(
    ...title.map((line) => columnsOf(line) * TITLE_SIZE * WIDTH_OF_SIZE),
    ...lines.map((line) => columnsOf(line) * LINE_SIZE * WIDTH_OF_SIZE),
  )
  const height = title.length * TITLE_HEIGHT + lines.length * LINE_HEIGHT + PAD
  return { width: 2 * Math.ceil((widest + 2 * PAD) / 2) + 2 * slant, height }
}

/** How far a look's sides lean in. */
export const SLANTS: { readonly [Each in Look]: number } = {
  command: 0,
  pivot: 14,
  child: 6,
  person: 12,
  round: 6,
  frame: 0,
}

/** The whole picture, without what is around it. */
export function layoutOf(picture: Picture): Layout {
  const entries = picture.entries.map((words): Laid => entryCell(words))
  const { steps, ways } = picture
  const start = pointCell('start', { title: 'start', lines: [] })
  const turned = ways.undone.length + ways.turns.length > 0 ? [pointCell('back', picture.turned)] : []
  const done = pointCell('done', { title: 'completed', lines: [] })
  const cells = [...entries, start, ...turned, ...steps.map(stepCell), done]
  const at = new Map(steps.map(({ step }, i) => [step.name, entries.length + 1 + turned.length + i]))
  const indexOf = (name: string) => at.get(name) ?? 0
  const from = entries.length
  const links: Link[] = [
    ...entries.map((_, i): Link => ({ from: i, to: from, kind: 'forward' })),
    ...ways.first.map((name): Link => ({ from, to: indexOf(name), kind: 'forward' })),
    ...linksOf(picture, indexOf),
    ...ways.last.map((name): Link => ({ from: indexOf(name), to: cells.length - 1, kind: 'forward' })),
    ...[...ways.undone, ...ways.turns].map((name): Link => ({ from: from + 1, to: indexOf(name), kind: 'back' })),
  ]
  return inPlace(cells, links)
}

/** A cell and what is in it, from its own left upper corner. */
interface Laid extends Cell {
  readonly shapes: readonly Shape[]
  readonly lines: readonly Line[]
}

function linksOf({ ways }: PlanPicture, indexOf: (name: string) => number): Link[] {
  return [
    ...ways.forward.map(({ from, to }): Link => ({ from: indexOf(from), to: indexOf(to), kind: 'forward' })),
    // Undos are drawn upwards: what is undone next stands above.
    ...ways.back.map(({ from, to }): Link => ({ from: indexOf(to), to: indexOf(from), kind: 'back' })),
  ]
}

function inPlace(cells: readonly Laid[], links: readonly Link[]): Layout {
  const { width, height, corners, routes } = inRows(cells, links)
  const shapes = cells.flatMap((cell, i) => cell.shapes.map((shape) => moved(shape, corners[i] ?? ORIGIN)))
  const inner = cells.flatMap((cell, i) => cell.lines.map((line) => movedLine(line, corners[i] ?? ORIGIN)))
  const own = routes.map(({ kind, points, ends }): Line => {
    const isBack = kind === 'back'
    return { kind, points: isBack ? points.toReversed() : points, tip: isBack ? ends.top : ends.bottom, label: '' }
  })
  return { width, height, shapes, lines: [...inner, ...own] }
}

const ORIGIN: Point = { x: 0, y: 0 }

function moved(shape: Shape, { x, y }: Point): Shape {
  return { ...shape, x: shape.x + x, y: shape.y + y }
}

function movedLine(line: Line, { x, y }: Point): Line {
  return { ...line, points: line.points.map((point) => ({ x: point.x + x, y: point.y + y })) }
}

function pointCell(path: string, said: Words): Laid {
  const text = textOf(said)
  const { width, height } = sizeOf(text)
  const shape = { kind: 'point', path, look: 'round', x: 0, y: 0, width, height, text, said } as const
  const middle = width / 2
  return {
    width,
    height,
    ports: { forward: middle, back: middle },
    shapes: [{ ...shape, irreversible: false }],
    lines: [],
  }
}

function entryCell(said: Words): Laid {
  const cell = pointCell(said.title, said)
  return { ...cell, shapes: cell.shapes.map((shape) => ({ ...shape, kind: 'entry', look: 'person' })) }
}

function stepCell(picture: StepPicture): Laid {
  return picture.look === 'frame' ? frameCell(picture) : leafCell(picture)
}

/** A step, and beside it what undoes it. */
function leafCell({ path, look, irreversible, undo, ...said }: StepPicture): Laid {
  const text = textOf(said)
  const size = sizeOf(text, SLANTS[look])
  const undoText = undo && textOf(undo)
  const undoSize = undoText && sizeOf(undoText, undo ? SLANTS[undo.look] : 0)
  const height = Math.max(size.height, undoSize?.height ?? 0)
  const own: Shape = { kind: 'step', path, look, x: 0, y: 0, width: size.width, height, text, said, irreversible }
  const forward = size.width / 2
  // A pivot that is rejected turns back too, from its upper right.
  const ports = { forward, back: size.width - SLANTS.pivot - 4 }
  if (!undo || !undoText || !undoSize) return { width: size.width, height, ports, shapes: [own], lines: [] }
  const x = size.width + UNDO_GAP
  const { look: undoLook, ...undoSaid } = undo
  const back: Shape = {
    ...own,
    kind: 'undo',
    look: undoLook,
    x,
    width: undoSize.width,
    text: undoText,
    said: undoSaid,
    irreversible: false,
  }
  const y = height / 2
  const join: Line = {
    kind: 'back',
    points: [
      { x: size.width, y },
      { x, y },
    ],
    tip: true,
    label: '',
  }
  const width = x + undoSize.width
  return { width, height, ports: { forward, back: x + undoSize.width / 2 }, shapes: [own, back], lines: [join] }
}

function frameCell({ path, step, look, inside, irreversible, ...said }: StepPicture): Laid {
  const text = textOf(said)
  const head = sizeOf(text)
  const scopes = inside.map((scope) => (scope.title === '' ? bodyOf(scope, step) : scopeFrame(scope)))
  const rows = packed(scopes)
  const width = Math.max(head.width, rows.width + 2 * FRAME_PAD)
  const height = head.height + rows.height + FRAME_PAD
  const left = Math.floor((width - rows.width) / 2)
  const corner = { x: left, y: head.height }
  const frame: Shape = { kind: 'step', path, look, x: 0, y: 0, width, height, text, said, irreversible }
  return {
    width,
    height,
    ports: { forward: width / 2, back: width - FRAME_PAD },
    shapes: [frame, ...rows.shapes.map((shape) => moved(shape, corner))],
    lines: rows.lines.map((line) => movedLine(line, corner)),
  }
}

/** Scopes side by side, in as many rows as it takes. */
function packed(scopes: readonly Layout[]): Layout {
  let [x, y, rowHeight, width] = [0, 0, 0, 0]
  const shapes: Shape[] = []
  const lines: Line[] = []
  for (const scope of scopes) {
    if (x > 0 && x + scope.width > SCOPES_WIDTH_MAX) [x, y, rowHeight] = [0, y + rowHeight + SCOPE_GAP, 0]
    const corner = { x, y }
    shapes.push(...scope.shapes.map((shape) => moved(shape, corner)))
    lines.push(...scope.lines.map((line) => movedLine(line, corner)))
    x += scope.width + SCOPE_GAP
    width = Math.max(width, x - SCOPE_GAP)
    rowHeight = Math.max(rowHeight, scope.height)
  }
  return { width, height: y + rowHeight, shapes, lines }
}

function planLayout(picture: PlanPicture): Layout {
  const at = new Map(picture.steps.map(({ step }, i) => [step.name, i]))
  return inPlace(
    picture.steps.map(stepCell),
    linksOf(picture, (name) => at.get(name) ?? 0),
  )
}

/** A branch in a frame of its own. */
function scopeFrame(scope: ScopePicture): Layout {
  const text = textOf(scope)
  const head = sizeOf(text)
  const inner = planLayout(scope)
  const width = Math.max(head.width, inner.width + 2 * FRAME_PAD)
  const height = head.height + inner.height + FRAME_PAD
  const corner = { x: Math.floor((width - inner.width) / 2), y: head.height }
  const { path, title, lines } = scope
  const said = { title, lines }
  const frame = {
    kind: 'scope',
    path,
    look: 'frame',
    x: 0,
    y: 0,
    width,
    height,
    text,
    said,
    irreversible: false,
  } as const
  return {
    width,
    height,
    shapes: [frame, ...inner.shapes.map((shape) => moved(shape, corner))],
    lines: inner.lines.map((line) => movedLine(line, corner)),
  }
}

/** What is done for each item, or in each round: rounds have an arrow from their end back to their start. */
function bodyOf(scope: ScopePicture, step: StepData): Layout {
  if (step.type !== 'repeat') return planLayout(scope)
  const { steps, ways } = scope
  const first = pointCell(`${step.name} round`, { title: 'round', lines: [] })
  const last = pointCell(`${step.name} until`, { title: 'until', lines: [seen(step.until)] })
  const cells = [first, ...steps.map(stepCell), last]
  const at = new Map(steps.map((one, i) => [one.step.name, i + 1]))
  const indexOf = (name: string) => at.get(name) ?? 0
  const inner = inPlace(cells, [
    ...ways.first.map((name): Link => ({ from: 0, to: indexOf(name), kind: 'forward' })),
    ...linksOf(scope, indexOf),
    ...ways.last.map((name): Link => ({ from: indexOf(name), to: cells.length - 1, kind: 'forward' })),
  ])
  const corner = { x: LANE, y: 0 }
  const shapes = inner.shapes.map((shape) => moved(shape, corner))
  const [round, until] = [shapes.at(0), shapes.at(-1)]
  const again: Line[] = round && until ? [backTo(round, until)] : []
  const lines = [...inner.lines.map((line) => movedLine(line, corner)), ...again]
  return { width: inner.width + LANE, height: inner.height, shapes, lines }
}

/** Along the left side, where nothing stands. */
function backTo(round: Shape, until: Shape): Line {
  const x = 6
  const [from, to] = [until.y + until.height / 2, round.y + round.height / 2]
  const points = [
    { x: until.x, y: from },
    { x, y: from },
    { x, y: to },
    { x: round.x, y: to },
  ]
  return { kind: 'again', points, tip: true, label: 'again' }
}
