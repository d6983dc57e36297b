/**
 * Reads the part of Mermaid's flowchart language that pictures of plans are written in, line by line, and says what is
 * wrong. The language's own reader needs a browser, so it is not asked here.
 */

const TEXT = '"[^"\\n]+"'
const SHAPES = [
  [/^\(\(/, /\)\)$/],
  [/^\(\(\(/, /\)\)\)$/],
  [/^\(\[/, /\]\)$/],
  [/^\[\[/, /\]\]$/],
  [/^\[\//, /\\\]$/],
  [/^\[/, /\]$/],
  [/^\{\{/, /\}\}$/],
  [/^\{/, /\}$/],
] as const
const BOX = /^(?<id>\w+)(?<shape>[[({].*[\])}])$/
const LINK = new RegExp(`^(?<from>\\w+) (?:-->|-- ${TEXT} -->|-\\.->|-\\. ${TEXT} \\.->) (?<to>\\w+)$`)
const FRAME = new RegExp(`^subgraph (?<id>\\w+)\\[${TEXT}\\]$`)
const RESERVED = new Set(['end', 'subgraph', 'flowchart', 'graph', 'style', 'class', 'click', 'default'])

interface Reading {
  readonly faults: string[]
  /** Where each box or frame stands: the frames around it, outermost first. */
  readonly declared: Map<string, readonly string[]>
  readonly links: { readonly from: string; readonly to: string }[]
  readonly frames: string[]
}

/** What Mermaid would not take, or draw otherwise than meant; empty when it is well. */
export function mermaidFaults(text: string): string[] {
  const [head, ...lines] = text.trimEnd().split('\n')
  const reading: Reading = { faults: [], declared: new Map(), links: [], frames: [] }
  if (head !== 'flowchart TD') reading.faults.push(`begins with ${head}`)
  for (const line of lines) read(reading, line.trim())
  if (reading.frames.length > 0) reading.faults.push(`not closed: ${reading.frames.join(', ')}`)
  return [...reading.faults, ...linkFaults(reading)]
}

function read(reading: Reading, line: string): void {
  if (line === 'end') {
    if (reading.frames.pop() === undefined) reading.faults.push('an end too many')
    return
  }
  const link = LINK.exec(line)?.groups
  if (link) {
    reading.links.push({ from: link.from ?? '', to: link.to ?? '' })
    return
  }
  const frame = FRAME.exec(line)?.groups?.id
  const box = BOX.exec(line)?.groups
  const id = frame ?? (box && isShape(box.shape ?? '') ? box.id : undefined)
  if (id === undefined || RESERVED.has(id)) reading.faults.push(`cannot be read: ${line}`)
  else if (reading.declared.has(id)) reading.faults.push(`declared twice: ${id}`)
  else reading.declared.set(id, [...reading.frames])
  if (frame !== undefined) reading.frames.push(frame)
}

/** Whether a box opens and closes in the same way, around quoted or simple text. */
function isShape(shape: string): boolean {
  return SHAPES.some(([open, close]) => {
    const inside = shape.replace(open, '').replace(close, '')
    const isWhole = open.test(shape) && close.test(shape)
    return isWhole && (/^"[^"]+"$/.test(inside) || /^\w+$/.test(inside))
  })
}

/** Links to what is not there, and from a frame into itself, which Mermaid cannot lay out. */
function linkFaults({ declared, links }: Reading): string[] {
  return links.flatMap(({ from, to }) => {
    const [around, aroundTo] = [declared.get(from), declared.get(to)]
    if (!around || !aroundTo) return [`links what is not declared: ${from} ${to}`]
    return from === to || around.includes(to) || aroundTo.includes(from)
      ? [`a frame linked to itself: ${from} ${to}`]
      : []
  })
}
