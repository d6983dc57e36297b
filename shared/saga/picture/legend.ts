/** What the forms in a picture mean: of those that are in it. */
import { columnsOf } from './label.ts'
import { type Layout, LINE_SIZE, type Line, type Shape } from './layout.ts'
import type { Look } from './picture.ts'

const MEANINGS: readonly (readonly [look: Look, means: string])[] = [
  ['command', 'asks a participant'],
  ['round', 'sends nothing'],
  ['child', 'another saga, or a saga within'],
  ['person', 'a person'],
  ['pivot', 'pivot: past it nothing is undone'],
]

const SAMPLE_WIDTH = 34
const SAMPLE_HEIGHT = 18
const ROW_HEIGHT = 26
const GAP = 24

interface Entry {
  readonly means: string
  readonly shape?: Partial<Shape>
  readonly line?: Line['kind']
}

/** In rows that are not wider than that, where it can be. */
export function legendOf({ shapes, lines }: Layout, widthMax: number): Layout {
  const steps = shapes.filter(({ kind }) => kind === 'step')
  const looks = new Set(steps.map(({ look }) => look))
  const has = (kind: Line['kind']) => lines.some((line) => line.kind === kind)
  const entries: Entry[] = [
    { means: 'goes forward', line: 'forward' },
    ...(has('back') ? [{ means: 'is undone, one undo after the other', line: 'back' as const }] : []),
    ...MEANINGS.flatMap(([look, means]) => (looks.has(look) ? [{ means, shape: { look } }] : [])),
    ...(steps.some(({ irreversible }) => irreversible)
      ? [{ means: 'irreversible', shape: { irreversible: true } }]
      : []),
    ...(shapes.some(({ kind }) => kind === 'undo') ? [{ means: 'an undo', shape: { kind: 'undo' as const } }] : []),
  ]
  return laid(entries, widthMax)
}

function laid(entries: readonly Entry[], widthMax: number): Layout {
  let [x, y, width] = [0, 0, 0]
  const shapes: Shape[] = []
  const lines: Line[] = []
  for (const { means, shape, line } of entries) {
    const wordsWidth = Math.ceil(columnsOf(means) * LINE_SIZE * 0.61)
    const own = SAMPLE_WIDTH + 8 + wordsWidth
    if (x > 0 && x + own > widthMax) [x, y] = [0, y + ROW_HEIGHT]
    const middle = y + SAMPLE_HEIGHT / 2
    if (line)
      lines.push({
        kind: line,
        points: [
          { x, y: middle },
          { x: x + SAMPLE_WIDTH, y: middle },
        ],
        tip: true,
        label: '',
      })
    else shapes.push(sample(shape ?? {}, { x, y, width: SAMPLE_WIDTH }))
    shapes.push({ ...words(means), x: x + SAMPLE_WIDTH + 8, y, width: wordsWidth })
    width = Math.max(width, x + own)
    x += own + GAP
  }
  return { width, height: y + SAMPLE_HEIGHT, shapes, lines }
}

const NOTHING = { title: [], lines: [] }

function sample(shape: Partial<Shape>, place: Pick<Shape, 'x' | 'y' | 'width'>): Shape {
  const said = { title: '', lines: [] }
  return {
    kind: 'step',
    path: '',
    look: 'command',
    height: SAMPLE_HEIGHT,
    text: NOTHING,
    said,
    irreversible: false,
    ...shape,
    ...place,
  }
}

function words(means: string): Shape {
  const text = { title: [], lines: [means] }
  const said = { title: means, lines: [] }
  return { ...sample({}, { x: 0, y: 0, width: 0 }), kind: 'words', text, said }
}
