/** A plan as an SVG image: one that stands alone, holds no script, and can be read on light and on dark. */
import type { DefinitionData } from '../data/data-types.ts'
import { columnsOf, seen } from './label.ts'
import type { Point } from './layers.ts'
import { type Layout, LINE_SIZE, type Line, layoutOf, type Shape, SLANTS, TITLE_SIZE } from './layout.ts'
import { legendOf } from './legend.ts'
import { type Picture, pictureOf } from './picture.ts'

const MARGIN = 24
const HEAD_HEIGHT = 52
const TITLE_STEP = 18
const LINE_STEP = 15

/** Plain colours twice, and no variables: not every program that shows SVG knows those. */
const STYLE = `
text { font-family: ui-monospace, 'DejaVu Sans Mono', 'Liberation Mono', Menlo, Consolas, monospace; font-size: ${LINE_SIZE}px; fill: #3d444d; text-anchor: middle }
.title { font-size: ${TITLE_SIZE}px; font-weight: bold; fill: #1f2328 }
.left { text-anchor: start }
.paper { fill: #ffffff }
.box { fill: #f6f8fa; stroke: #57606a; stroke-width: 1.2 }
.frame { fill: #818b98; fill-opacity: 0.07; stroke: #818b98 }
.scope { fill: #ffffff; fill-opacity: 0.7; stroke: #818b98; stroke-dasharray: 1 3 }
.pivot { fill: #ddf4ff; stroke: #0969da; stroke-width: 2.5 }
.undo { fill: #fff8c5; fill-opacity: 0.45; stroke: #9a6700; stroke-dasharray: 6 3 }
.point { fill: #1f883d; fill-opacity: 0.12; stroke: #1f883d; stroke-width: 1.6 }
.turned { fill: #9a6700; fill-opacity: 0.12; stroke: #9a6700; stroke-dasharray: 6 3 }
.bar { fill: #cf222e }
.line { fill: none; stroke: #57606a; stroke-width: 1.4 }
.back { fill: none; stroke: #9a6700; stroke-width: 1.4; stroke-dasharray: 6 4 }
.tip { fill: #57606a }
.backtip { fill: #9a6700 }
@media (prefers-color-scheme: dark) {
text { fill: #c4ccd6 }
.title { fill: #f0f6fc }
.paper { fill: #0d1117 }
.box { fill: #1c2128; stroke: #9198a1 }
.scope { fill: #0d1117 }
.pivot { fill: #0c2d6b; stroke: #58a6ff }
.undo { fill: #4b2900; stroke: #d29922 }
.point { stroke: #3fb950; fill: #3fb950 }
.turned { stroke: #d29922; fill: #d29922 }
.bar { fill: #f85149 }
.line { stroke: #9198a1 }
.back { stroke: #d29922 }
.tip { fill: #9198a1 }
.backtip { fill: #d29922 }
}
.inner { fill: none }`

const TIPS = [
  ['tip', 'tip'],
  ['backtip', 'backtip'],
]
  .map(
    ([id, css]) =>
      `<marker id="${id}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path class="${css}" d="M0 1L10 5L0 9Z"/></marker>`,
  )
  .join('')

/** An image of its own size, with a legend of what is in it. */
export function svgOf(data: DefinitionData): string {
  const picture = pictureOf(data)
  const layout = layoutOf(picture)
  const legend = legendOf(layout, Math.max(layout.width, headWidth(picture)))
  const width = Math.max(layout.width, legend.width, headWidth(picture)) + 2 * MARGIN
  const below = MARGIN + HEAD_HEIGHT + layout.height + MARGIN
  const height = below + legend.height + MARGIN
  const left = Math.floor((width - layout.width) / 2)
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" aria-labelledby="name">`,
    `<title id="name">${escaped(picture.title)}</title>`,
    `<desc>${escaped(describe(picture))}</desc>`,
    `<style>${STYLE}</style>`,
    `<defs>${TIPS}</defs>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    textAt(picture.title, { x: MARGIN, y: MARGIN + 14 }, 'title left'),
    textAt(picture.lines.join(', '), { x: MARGIN, y: MARGIN + 32 }, 'left'),
    `<g transform="translate(${left} ${MARGIN + HEAD_HEIGHT})">`,
    ...drawn(layout),
    '</g>',
    `<g transform="translate(${MARGIN} ${below})">`,
    ...drawn(legend),
    '</g>',
    '</svg>',
  ].join('\n')}\n`
}

function headWidth({ title, lines }: Picture): number {
  const widest = Math.max(columnsOf(title) * TITLE_SIZE, columnsOf(lines.join(', ')) * LINE_SIZE)
  return Math.ceil(widest * 0.61)
}

function describe({ steps, lines }: Picture): string {
  return `A saga of ${steps.length} steps: ${lines.join(', ')}. Solid arrows lead forward, dashed ones back from undo to undo.`
}

/** What holds others first; arrows over frames and under boxes, so that no box is struck through. */
function drawn({ shapes, lines }: Layout): string[] {
  const [frames, boxes] = [shapes.filter(({ look }) => look === 'frame'), shapes.filter(({ look }) => look !== 'frame')]
  return [...frames.map(shapeText), ...lines.map(lineText), ...boxes.map(shapeText)]
}

function shapeText(shape: Shape): string {
  const { kind, path, said } = shape
  const hint = [said.title, ...said.lines].filter((line) => line !== '').join('\n')
  const named =
    path === '' ? '<g>' : `<g data-kind="${kind}" data-path="${escaped(seen(path))}"><title>${escaped(hint)}</title>`
  return [named, outline(shape), ...(shape.irreversible ? [bar(shape)] : []), ...wordsText(shape), '</g>'].join('')
}

function classOf({ kind, look, path }: Shape): string {
  if (kind === 'point') return path === 'back' ? 'turned' : 'point'
  if (kind === 'undo') return 'undo'
  if (kind === 'scope') return 'scope'
  if (look === 'frame') return 'frame'
  return look === 'pivot' ? 'pivot' : 'box'
}

function outline(shape: Shape): string {
  const { kind, look, path, x, y, width, height } = shape
  if (kind === 'words') return ''
  const css = classOf(shape)
  const rect = (inset: number, radius: number, more = '') =>
    `<rect class="${css}${more}" x="${x + inset}" y="${y + inset}" width="${width - 2 * inset}" height="${height - 2 * inset}" rx="${radius}"/>`
  if (kind === 'point') return rect(0, 14) + (path === 'done' || path === 'back' ? rect(3, 11, ' inner') : '')
  switch (look) {
    case 'pivot':
    case 'person':
      return `<path class="${css}" d="${sides(shape)}"/>`
    case 'child':
      return rect(0, 2) + rect(4, 0, ' inner')
    case 'round':
      return rect(0, 14)
    default:
      return rect(0, look === 'frame' ? 6 : 3)
  }
}

/** Pointed ends for a pivot; a form to be filled in for a person. */
function sides({ look, x, y, width, height }: Shape): string {
  const slant = SLANTS[look]
  const [right, bottom, middle] = [x + width, y + height, y + height / 2]
  if (look === 'person') return `M${x + slant} ${y}H${right}L${right - slant} ${bottom}H${x}Z`
  return `M${x + slant} ${y}H${right - slant}L${right} ${middle}L${right - slant} ${bottom}H${x + slant}L${x} ${middle}Z`
}

/** A thick line under what cannot be undone: no dashes lead there. */
function bar({ look, x, y, width, height }: Shape): string {
  const slant = SLANTS[look]
  return `<rect class="bar" x="${x + slant}" y="${y + height - 5}" width="${width - 2 * slant}" height="5"/>`
}

function wordsText({ look, x, y, width, height, text }: Shape): string[] {
  const tall = text.title.length * TITLE_STEP + text.lines.length * LINE_STEP
  const top = look === 'frame' ? y + 6 : y + Math.floor((height - tall) / 2)
  const middle = x + width / 2
  const title = text.title.map((line, i) => textAt(line, { x: middle, y: top + 13 + i * TITLE_STEP }, 'title'))
  const under = top + text.title.length * TITLE_STEP + 11
  return [...title, ...text.lines.map((line, i) => textAt(line, { x: middle, y: under + i * LINE_STEP }, ''))]
}

/** Text that a font may draw wider than was reckoned with is told its width. */
function textAt(text: string, { x, y }: Point, css: string): string {
  if (text === '') return ''
  const size = css.startsWith('title') ? TITLE_SIZE : LINE_SIZE
  const isPlain = /^[\u0020-\u007e]*$/.test(text)
  const bound = isPlain
    ? ''
    : ` textLength="${Math.round(columnsOf(text) * size * 0.6)}" lengthAdjust="spacingAndGlyphs"`
  return `<text${css === '' ? '' : ` class="${css}"`} x="${x}" y="${y}"${bound}>${escaped(text)}</text>`
}

function lineText({ kind, points, tip, label }: Line): string {
  const css = kind === 'back' ? 'back' : 'line'
  const end = tip ? ` marker-end="url(#${kind === 'back' ? 'backtip' : 'tip'})"` : ''
  const d = kind === 'again' ? straight(points) : curved(points)
  const [corner, next] = points.slice(1)
  const words =
    label === '' || !corner || !next
      ? ''
      : textAt(label, { x: corner.x + 4, y: Math.round((corner.y + next.y) / 2) }, 'left')
  return `<path class="${css}" data-kind="${kind}" d="${d}"${end}/>${words}`
}

function straight(points: readonly Point[]): string {
  return points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${x} ${y}`).join('')
}

/** Upright where it passes a row, in a bow where it goes from one to the next. */
function curved(points: readonly Point[]): string {
  return points
    .map(({ x, y }, i) => {
      const before = points[i - 1]
      if (!before) return `M${x} ${y}`
      if (before.x === x || before.y === y) return `L${x} ${y}`
      const half = Math.round((before.y + y) / 2)
      return `C${before.x} ${half} ${x} ${half} ${x} ${y}`
    })
    .join('')
}

const ESCAPES: { readonly [char: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** What no document may hold, however it is written. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are just what this is about
const ILLEGAL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/gu

/** Text as XML takes it. */
function escaped(text: string): string {
  return text.replace(ILLEGAL, '\ufffd').replace(/[&<>"']/g, (char) => ESCAPES[char] ?? '')
}
