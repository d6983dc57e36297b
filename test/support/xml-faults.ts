/** Reads an XML document by the rules of well-formedness that an image without a document type can break, and says what is wrong. */

const NAME = '[A-Za-z_][A-Za-z0-9_.-]*'
const OPEN = new RegExp(`^<(?<name>${NAME})(?<attributes>(?:\\s+${NAME}="[^"<]*")*)\\s*(?<closed>/?)>`)
const CLOSE = new RegExp(`^</(?<name>${NAME})\\s*>`)
const ATTRIBUTE = new RegExp(`(?<name>${NAME})="(?<value>[^"<]*)"`, 'g')
const REFERENCE = /&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)/
/** What no document may hold, written out or not. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are just what this is about
const ILLEGAL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/u

export interface XmlElement {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
}

export interface XmlReading {
  readonly faults: readonly string[]
  readonly elements: readonly XmlElement[]
}

export function readXml(document: string): XmlReading {
  const faults: string[] = []
  const elements: XmlElement[] = []
  const open: string[] = []
  if (ILLEGAL.test(document)) faults.push('it holds characters that no document may hold')
  let at = 0
  while (at < document.length) {
    const next = document.indexOf('<', at)
    const text = document.slice(at, next < 0 ? undefined : next)
    if (REFERENCE.test(text) || text.includes(']]>')) faults.push(`not text: ${text.slice(0, 60)}`)
    if (open.length === 0 && text.trim() !== '') faults.push(`text outside of the document: ${text.slice(0, 60)}`)
    if (next < 0) break
    at = next + taken(document.slice(next), { faults, elements, open })
  }
  if (open.length > 0) faults.push(`not closed: ${open.join(', ')}`)
  return { faults, elements }
}

interface Open {
  readonly faults: string[]
  readonly elements: XmlElement[]
  readonly open: string[]
}

/** How many characters the tag takes. */
function taken(rest: string, { faults, elements, open }: Open): number {
  const close = CLOSE.exec(rest)
  if (close) {
    const was = open.pop()
    if (was !== close.groups?.name) faults.push(`${close.groups?.name} closes ${was}`)
    return close[0].length
  }
  const tag = OPEN.exec(rest)
  if (!tag) {
    faults.push(`no tag: ${rest.slice(0, 60)}`)
    return rest.length
  }
  if (open.length === 0 && elements.length > 0) faults.push('a second root')
  const { name = '', attributes = '', closed } = tag.groups ?? {}
  const all = [...attributes.matchAll(ATTRIBUTE)].map(
    ({ groups }) => [groups?.name ?? '', groups?.value ?? ''] as const,
  )
  const map = new Map(all)
  if (map.size < all.length) faults.push(`an attribute twice: ${attributes}`)
  for (const [, value] of all) if (REFERENCE.test(value)) faults.push(`not a value: ${value}`)
  elements.push({ name, attributes: map })
  if (closed === '') open.push(name)
  return tag[0].length
}
