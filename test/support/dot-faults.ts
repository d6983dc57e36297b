/** Reads the part of Graphviz' language that pictures of plans are written in, line by line, and says what is wrong. */

const STRING = '"(?:[^"\\\\\\n]|\\\\["\\\\n])*"'
const VALUE = `(?:${STRING}|[A-Za-z0-9_.]+)`
const ATTRIBUTES = `\\[\\w+=${VALUE}(?:, \\w+=${VALUE})*\\]`
const LINES = {
  open: new RegExp(`^(?:digraph ${STRING}|subgraph (?<cluster>cluster_\\w+)) \\{$`),
  setting: new RegExp(`^(?:graph|node|edge) ${ATTRIBUTES}$|^\\w+=${VALUE}$`),
  edge: new RegExp(`^(?<from>\\w+) -> (?<to>\\w+)(?<more> ${ATTRIBUTES})?$`),
  node: new RegExp(`^(?<node>\\w+) ${ATTRIBUTES}$`),
  rank: /^\{ rank=same; \w+; \w+ \}$/,
} as const

interface Reading {
  readonly faults: string[]
  readonly nodes: Set<string>
  readonly clusters: Set<string>
  readonly named: string[]
  depth: number
}

/** What Graphviz would not take, or draw otherwise than meant; empty when it is well. */
export function dotFaults(text: string): string[] {
  const reading: Reading = { faults: [], nodes: new Set(), clusters: new Set(), named: [], depth: 0 }
  for (const line of text.trimEnd().split('\n')) read(reading, line.trim())
  const { faults, nodes, clusters, named, depth } = reading
  if (depth !== 0) faults.push('not closed')
  const unknown = named.filter((name) => !nodes.has(name) && !clusters.has(name))
  return [...faults, ...unknown.map((name) => `not declared: ${name}`)]
}

function read(reading: Reading, line: string): void {
  const { faults, nodes, clusters, named } = reading
  const open = LINES.open.exec(line)
  if (open) {
    if ((reading.depth === 0) !== line.startsWith('digraph')) faults.push(`in the wrong place: ${line}`)
    if (open.groups?.cluster !== undefined) clusters.add(open.groups.cluster)
    reading.depth++
    return
  }
  if (line === '}') reading.depth--
  else if (reading.depth < 1) faults.push(`outside of the graph: ${line}`)
  else if (LINES.setting.test(line) || LINES.rank.test(line)) return
  else if (LINES.edge.test(line)) {
    const { from = '', to = '', more = '' } = LINES.edge.exec(line)?.groups ?? {}
    named.push(from, to, ...[...more.matchAll(/l(?:head|tail)=(\w+)/g)].map((found) => found[1] ?? ''))
  } else if (LINES.node.test(line)) {
    const { node = '' } = LINES.node.exec(line)?.groups ?? {}
    if (nodes.has(node)) faults.push(`declared twice: ${node}`)
    nodes.add(node)
  } else faults.push(`cannot be read: ${line}`)
}
