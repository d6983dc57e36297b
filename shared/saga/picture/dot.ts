/** A plan in Graphviz' language, for those who lay it out and style it themselves. */
import type { DefinitionData } from '../data/data-types.ts'
import { wrapped } from './label.ts'
import {
  type Picture,
  type PlanPicture,
  pictureOf,
  type ScopePicture,
  type StepPicture,
  type Words,
} from './picture.ts'

const COLUMNS_MAX = 34
const LINES_MAX = 3

const LOOKS: { readonly [Look in Exclude<StepPicture['look'], 'frame'>]: string } = {
  command: 'shape=box',
  pivot: 'shape=hexagon, penwidth=2.5',
  child: 'shape=box, peripheries=2',
  person: 'shape=parallelogram',
  round: 'shape=box, style=rounded',
}

/** A directed graph; dashed edges lead back. A block is a cluster, and edges to it end at its border. */
export function dotOf(data: DefinitionData): string {
  const picture = pictureOf(data)
  const writer = new Writer()
  writer.open(`digraph ${quoted(picture.title)}`)
  writer.add('graph [rankdir=TB, compound=true, fontname="monospace", labelloc=t]')
  writer.add('node [fontname="monospace", fontsize=11]')
  writer.add('edge [fontname="monospace", fontsize=10]')
  writer.add(`label=${labelOf(picture)}`)
  root(writer, picture)
  writer.close()
  return writer.text
}

function root(writer: Writer, picture: Picture): void {
  writer.add('start [shape=circle, label="start"]')
  for (const [i, entry] of picture.entries.entries()) {
    writer.add(`from${i} [shape=parallelogram, label=${labelOf(entry)}]`)
    writer.edge({ node: `from${i}` }, { node: 'start' })
  }
  const ends = plan(writer, picture)
  writer.add('done [shape=doublecircle, label="completed"]')
  for (const end of ends.first) writer.edge({ node: 'start' }, end)
  for (const end of ends.last) writer.edge(end, { node: 'done' })
  if (ends.undone.length + ends.turns.length === 0) return
  writer.add(`back [shape=doublecircle, style=dashed, label=${labelOf(picture.turned)}]`)
  for (const end of ends.undone) writer.back(end, { node: 'back' })
  for (const end of ends.turns) writer.back(end, { node: 'back' }, 'rejected')
}

/** Where an edge ends: at a node, or at the border of a cluster that the node is in. */
interface End {
  readonly node: string
  readonly cluster?: string
}

interface Placed {
  readonly forward: End
  readonly back: End | undefined
}

interface Ends {
  readonly first: readonly End[]
  readonly last: readonly End[]
  readonly undone: readonly End[]
  readonly turns: readonly End[]
}

class Writer {
  readonly #lines: string[] = []
  #depth = 0
  #count = 0

  get text(): string {
    return `${this.#lines.join('\n')}\n`
  }

  /** A new box's number. */
  next(): number {
    return this.#count++
  }

  add(line: string): void {
    this.#lines.push(`${'  '.repeat(this.#depth)}${line}`)
  }

  open(head: string): void {
    this.add(`${head} {`)
    this.#depth++
  }

  close(): void {
    this.#depth--
    this.add('}')
  }

  edge(from: End, to: End, more: readonly string[] = []): void {
    const ends = [
      ...(from.cluster === undefined ? [] : [`ltail=${from.cluster}`]),
      ...(to.cluster === undefined ? [] : [`lhead=${to.cluster}`]),
    ]
    const said = [...ends, ...more]
    this.add(`${from.node} -> ${to.node}${said.length === 0 ? '' : ` [${said.join(', ')}]`}`)
  }

  /** Back along the graph: it is no reason to stand further down. */
  back(from: End, to: End, label = ''): void {
    const words = label === '' ? [] : [`label=${quoted(label)}`]
    this.edge(from, to, ['style=dashed', 'constraint=false', ...words])
  }
}

function plan(writer: Writer, { steps, ways }: PlanPicture): Ends {
  const placed = new Map(steps.map((one) => [one.step.name, step(writer, one)]))
  const forward = (names: readonly string[]) => names.flatMap((name) => placed.get(name)?.forward ?? [])
  for (const { from, to } of ways.forward) {
    const [before, after] = [placed.get(from), placed.get(to)]
    if (before && after) writer.edge(before.forward, after.forward)
  }
  for (const { from, to } of ways.back) {
    const [own, next] = [placed.get(from), placed.get(to)?.back]
    if (own && next) writer.back(own.back ?? own.forward, next, own.back ? '' : 'rejected')
  }
  const undone = ways.undone.flatMap((name) => placed.get(name)?.back ?? [])
  return { first: forward(ways.first), last: forward(ways.last), undone, turns: forward(ways.turns) }
}

function step(writer: Writer, picture: StepPicture): Placed {
  const number = writer.next()
  const { look, undo, irreversible } = picture
  if (look === 'frame') return block(writer, picture, number)
  const node = `s${number}`
  const marks = irreversible ? ', color=red, penwidth=3' : ''
  writer.add(`${node} [${LOOKS[look]}${marks}, label=${labelOf(picture)}]`)
  if (!undo) return { forward: { node }, back: undefined }
  const back = `u${number}`
  const shape = undo.look === 'person' ? 'parallelogram' : 'box'
  writer.add(`${back} [shape=${shape}, style=dashed, label=${labelOf(undo)}]`)
  writer.back({ node }, { node: back })
  writer.add(`{ rank=same; ${node}; ${back} }`)
  return { forward: { node }, back: { node: back } }
}

/** A cluster with a point in it that edges to it aim at. */
function block(writer: Writer, picture: StepPicture, number: number): Placed {
  const cluster = `cluster_s${number}`
  const node = `p${number}`
  writer.open(`subgraph ${cluster}`)
  writer.add(`label=${labelOf(picture)}`)
  writer.add(`${node} [shape=point, style=invis]`)
  for (const scope of picture.inside) inside(writer, picture, scope)
  writer.close()
  const end = { node, cluster }
  return { forward: end, back: picture.hasUndo ? end : undefined }
}

function inside(writer: Writer, picture: StepPicture, scope: ScopePicture): void {
  if (scope.title === '') {
    const { first, last } = plan(writer, scope)
    if (picture.step.type === 'repeat') rounds(writer, picture.step.until, { first, last })
    return
  }
  writer.open(`subgraph cluster_b${writer.next()}`)
  writer.add('style=dotted')
  writer.add(`label=${labelOf(scope)}`)
  plan(writer, scope)
  writer.close()
}

/** The rounds of a repeat have an edge back to their start. */
function rounds(writer: Writer, until: string, { first, last }: Pick<Ends, 'first' | 'last'>): void {
  const number = writer.next()
  const [round, end] = [{ node: `r${number}` }, { node: `q${number}` }]
  writer.add(`${round.node} [shape=circle, label="round"]`)
  writer.add(`${end.node} [shape=diamond, label=${labelOf({ title: 'until', lines: [until] })}]`)
  for (const one of first) writer.edge(round, one)
  for (const one of last) writer.edge(one, end)
  writer.edge(end, round, ['label="again"', 'constraint=false'])
}

function labelOf({ title, lines }: Words): string {
  return quoted([title, ...lines].flatMap((line) => wrapped(line, COLUMNS_MAX, LINES_MAX)).join('\n'))
}

/** Text between double quotes, where a backslash would begin something. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}
