/** Plans of any shape as pictures: everything in its place, once, and nothing but a picture, whatever names say. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BranchData, DefinitionData, PlanData, StepData } from '../../shared/saga/data/data-types.ts'
import { definitionData } from '../../shared/saga/definition-data.ts'
import { mermaidOf } from '../../shared/saga/draw.ts'
import { dotOf } from '../../shared/saga/picture/dot.ts'
import { type Layout, type Line, layoutOf, type Shape } from '../../shared/saga/picture/layout.ts'
import { pictureOf } from '../../shared/saga/picture/picture.ts'
import { svgOf } from '../../shared/saga/picture/svg.ts'
import { anyDefinition } from '../support/any-definition.ts'
import { dotFaults } from '../support/dot-faults.ts'
import { mermaidFaults } from '../support/mermaid-faults.ts'
import { readXml } from '../support/xml-faults.ts'
import { parameters } from './property-runs.ts'

const anyData = anyDefinition.map(definitionData)

/** Paths of all steps, however deep, as mappings are named. */
function stepsOf({ steps }: PlanData, around: string): string[] {
  return steps.flatMap((step) => {
    const path = around === '' ? step.name : `${around}.${step.name}`
    if ('steps' in step) return [path, ...stepsOf(step, path)]
    if (!('branches' in step)) return [path]
    return [path, ...step.branches.flatMap((branch) => stepsOf(branch, `${path}[${branch.name}]`))]
  })
}

const around = (outer: Shape, inner: Shape) =>
  inner.path !== outer.path && (inner.path.startsWith(`${outer.path}.`) || inner.path.startsWith(`${outer.path}[`))

function overlaps(a: Shape, b: Shape): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

function isIn(inner: Shape, outer: Shape): boolean {
  const across = inner.x >= outer.x && inner.x + inner.width <= outer.x + outer.width
  return across && inner.y >= outer.y && inner.y + inner.height <= outer.y + outer.height
}

/** Whether the word that stands right of a line's second point is under the box. */
function covers(box: Shape, { points: [, corner, next], label }: Line): boolean {
  if (!corner || !next) return false
  const [left, y] = [corner.x + 4, (corner.y + next.y) / 2]
  return left + label.length * 7 > box.x && left < box.x + box.width && y > box.y && y - 10 < box.y + box.height
}

/** Boxes over each other, and out of their frames. Rounds are told of by the place that they stand in alone. */
function misplaced({ shapes }: Layout): string[] {
  const named = shapes.filter(({ kind }) => kind !== 'point')
  return shapes
    .flatMap((a, i) =>
      shapes.slice(i + 1).flatMap((b) => {
        if (!overlaps(a, b)) return []
        const outer = a.look === 'frame' ? a : undefined
        if (outer && isIn(b, outer) && (b.kind === 'point' || around(outer, b))) return []
        return [`${a.kind} ${a.path} over ${b.kind} ${b.path}`]
      }),
    )
    .concat(
      named.flatMap((inner) =>
        named
          .filter((outer) => outer.look === 'frame' && around(outer, inner) && !isIn(inner, outer))
          .map((outer) => `${inner.path} outside of ${outer.path}`),
      ),
    )
}

describe('a picture of any plan', () => {
  it('has each step once, in its frames, and no box over another', () => {
    fc.assert(
      fc.property(anyData, (data) => {
        const layout = layoutOf(pictureOf(data))
        const steps = layout.shapes.filter(({ kind }) => kind === 'step').map(({ path }) => path)
        expect(steps.toSorted()).toEqual(stepsOf(data, '').toSorted())
        expect(misplaced(layout)).toEqual([])
      }),
      parameters(100),
    )
  })

  it('has all of it inside, and arrows that strike no box through', () => {
    fc.assert(
      fc.property(anyData, (data) => {
        const { shapes, lines, width, height } = layoutOf(pictureOf(data))
        const points = [
          ...shapes.flatMap((one) => [one, { x: one.x + one.width, y: one.y + one.height }]),
          ...lines.flatMap((line) => line.points),
        ]
        for (const { x, y } of points) {
          expect(Number.isFinite(x) && Number.isFinite(y)).toBe(true)
          expect(x >= 0 && x <= width && y >= 0 && y <= height).toBe(true)
        }
        const boxes = shapes.filter(({ look }) => look !== 'frame')
        const struck = lines.flatMap(({ points: all }) =>
          all.slice(1).flatMap((to, i) => {
            const from = all[i] ?? to
            const [x, y] = [(from.x + to.x) / 2, (from.y + to.y) / 2]
            return boxes.filter((box) => x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height)
          }),
        )
        expect(struck.map(({ path }) => path)).toEqual([])
        const hidden = lines
          .filter(({ label }) => label !== '')
          .flatMap((line) => boxes.filter((box) => covers(box, line)))
        expect(hidden.map(({ path }) => path)).toEqual([])
      }),
      parameters(100),
    )
  })

  it('is the same each time', () => {
    fc.assert(
      fc.property(anyData, (data) => {
        const again = structuredClone(data)
        expect(svgOf(again)).toBe(svgOf(data))
        expect(dotOf(again)).toBe(dotOf(data))
      }),
      parameters(50),
    )
  })
})

const DRAWN = new Set(['svg', 'title', 'desc', 'style', 'defs', 'marker', 'g', 'rect', 'path', 'text'])

/** Names that try to be something else: of markup, of code, of other scripts, of no script at all. */
const nasty = fc.oneof(
  fc.constantFrom(
    '</title><script>alert(1)</script>',
    '"><script>alert(1)</script>',
    "' onload='alert(1)",
    ']]><!--',
    '&lt;b&gt; &amp; &#0; &nosuch;',
    '\\" ]; node [label="x"] //',
    '\\n\\l\\',
    'a"b\\',
    '\u0000\u0008\u001b[31m\ufffe\uffff',
    '\ud800',
    '\u202edlrow\u2066',
    '日本語の手順',
    '👩‍👩‍👧 und Straße',
    'ﷺ'.repeat(40),
    'x'.repeat(300),
    '',
    ' ',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
)

/** The plan with every text that people write in it replaced. */
function renamed(data: DefinitionData, words: () => string): DefinitionData {
  const plan = <P extends PlanData>(own: P): P => ({ ...own, steps: own.steps.map(step) })
  const step = (own: StepData): StepData => {
    const said = { ...own, ...(own.when !== undefined && { when: words() }) }
    switch (said.type) {
      case 'command':
        return { ...said, command: words(), ...(said.undo && { undo: { ...said.undo, command: words() } }) }
      case 'child':
        return { ...said, child: { ...said.child, definition: words() } }
      case 'signal':
        return { ...said, signal: words(), ...(said.approval && { approval: { ...said.approval, roles: [words()] } }) }
      case 'lock':
        return { ...said, resource: words() }
      case 'each':
        return plan({ ...said, items: words() })
      case 'repeat':
        return plan({ ...said, until: words() })
      case 'parallel':
      case 'choose':
      case 'attempt':
        return {
          ...said,
          branches: said.branches.map((one: BranchData) => plan({ ...one, ...(one.when && { when: words() }) })),
        }
      default:
        return said
    }
  }
  const { migratesFrom: _, ...rest } = data
  return { ...plan(rest), name: words(), migratesFrom: { 1: { renames: { [words()]: words() } } } }
}

/** The same with names of steps and branches replaced, each by one of its own. */
function named(data: DefinitionData, words: () => string): DefinitionData {
  let count = 0
  const names = new Map<string, string>()
  const nameOf = (name: string) => {
    const known = names.get(name) ?? `${words()}${count++}`
    names.set(name, known)
    return known
  }
  return JSON.parse(JSON.stringify(data), (key, value) => {
    if (key === 'name') return nameOf(value)
    return key === 'after' ? value.map(nameOf) : value
  })
}

/** Names are long, and shrinking them takes minutes: the first that fails says enough. */
const FIRST = { endOnFailure: true }

describe('whatever names say, a picture', () => {
  const anyNasty = fc.tuple(anyData, fc.infiniteStream(nasty)).map(([data, stream]) => {
    const words = () => stream.next().value
    return named(renamed(data, words), words)
  })

  it('is well-formed XML that holds no script, no link and no handler', () => {
    fc.assert(
      fc.property(anyNasty, (data) => {
        const { faults, elements } = readXml(svgOf(data))
        expect(faults).toEqual([])
        expect(elements.map(({ name }) => name).filter((name) => !DRAWN.has(name))).toEqual([])
        const attributes = elements.flatMap((element) => [...element.attributes.keys()])
        expect(attributes.filter((name) => /^on|href|^style$/i.test(name))).toEqual([])
      }),
      { ...parameters(100), ...FIRST },
    )
  })

  it('keeps its text inside its boxes, and its boxes apart', () => {
    fc.assert(
      fc.property(anyNasty, (data) => {
        const layout = layoutOf(pictureOf(data))
        const boxes = layout.shapes.filter(({ look }) => look !== 'frame')
        const over = boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => overlaps(a, b)))
        expect(over).toEqual([])
        for (const { text } of layout.shapes) {
          expect(text.title.length).toBeLessThanOrEqual(2)
          for (const line of [...text.title, ...text.lines]) expect([...line].length).toBeLessThanOrEqual(34)
        }
      }),
      { ...parameters(100), ...FIRST },
    )
  })

  it('is one graph of Graphviz, with nothing in it that was not drawn', () => {
    fc.assert(
      fc.property(anyNasty, (data) => {
        expect(dotFaults(dotOf(data))).toEqual([])
      }),
      { ...parameters(100), ...FIRST },
    )
  })

  it('is a flowchart of Mermaid, too', () => {
    fc.assert(
      fc.property(anyNasty, (data) => {
        expect(mermaidFaults(mermaidOf(data))).toEqual([])
      }),
      { ...parameters(50), ...FIRST },
    )
  })
})
