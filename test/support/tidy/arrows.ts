/** Who may import whom, and no circles. */
import { type Finding, type Import, importsOf, type Rule, resolved, type SourceFile } from './source.ts'

const WHY_ARROWS =
  'imports go one way (message <- saga, flow, view, ports <- adapters, runtime, participant, client, testing <- services), so that the core stays pure and a home can be swapped in its main.ts alone'

/** For each folder of shared/, which others it may import from. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  message: [],
  saga: ['message'],
  flow: ['message'],
  lock: ['message'],
  view: ['message', 'saga', 'lock'],
  ports: ['message', 'saga', 'view'],
  contracts: ['message', 'saga', 'ports'],
  adapters: ['message', 'saga', 'flow', 'view', 'ports'],
  runtime: ['message', 'saga', 'flow', 'lock', 'view', 'ports'],
  participant: ['message', 'saga', 'view', 'ports'],
  client: ['message', 'saga', 'flow', 'view', 'ports'],
  testing: ['message', 'saga', 'view', 'ports', 'contracts', 'runtime', 'participant', 'client', 'adapters'],
}

/** Statements of the view tables: reads for whoever answers questions, the same on every database, so no choice of adapter. */
const OPEN_ADAPTER_FILES = new Set([
  'shared/adapters/postgres/view-queries.ts',
  'shared/adapters/postgres/lock-queries.ts',
  'shared/adapters/postgres/operator-queries.ts',
  'shared/adapters/postgres/timer-queries.ts',
  'shared/adapters/postgres/participant-views.ts',
  'shared/adapters/postgres/held-queries.ts',
  'shared/adapters/postgres/bulk-queries.ts',
])

/** Adapters that are another one in another place, and what several hold records up with. */
const BUILT_ON: Readonly<Record<string, string>> = {
  'shared/adapters/memory': 'shared/adapters/in-process',
  'shared/adapters/sqlite': 'shared/adapters/in-process',
  'shared/adapters/pglite': 'shared/adapters/postgres',
  'shared/adapters/claim-check': 'shared/adapters/held-delivery',
  'shared/adapters/registry': 'shared/adapters/held-delivery',
}

const isWiring = (path: string): boolean => /^services\/(?:.*\/)?(?:main|home)\.ts$/.test(path)
const folderOf = (path: string, depth: number): string => path.split('/').slice(0, depth).join('/')

function sharedArrow(file: SourceFile, target: string): string | undefined {
  if (!target.startsWith('shared/')) return `shared code imports ${target}`
  const own = file.path.split('/')[1] ?? ''
  const other = target.split('/')[1] ?? ''
  if (own !== other && !MAY_IMPORT[own]?.includes(other)) return `shared/${own} imports shared/${other}`
  const [ownAdapter, otherAdapter] = [folderOf(file.path, 3), folderOf(target, 3)]
  if (own === 'adapters' && other === 'adapters' && ownAdapter !== otherAdapter)
    return OPEN_ADAPTER_FILES.has(target) || BUILT_ON[ownAdapter] === otherAdapter
      ? undefined
      : `the adapter ${ownAdapter} imports the adapter ${otherAdapter}`
  return undefined
}

function serviceArrow(file: SourceFile, target: string, typeOnly: boolean): string | undefined {
  if (isWiring(file.path)) return target.startsWith('test/') ? `${file.path} imports a test` : undefined
  if (target.startsWith('shared/adapters/'))
    return typeOnly || OPEN_ADAPTER_FILES.has(target)
      ? undefined
      : `only main.ts and home.ts pick adapters, not this: ${target}`
  if (target.startsWith('shared/')) return undefined
  if (!target.startsWith('services/')) return `a service imports ${target}`
  if (folderOf(file.path, 2) === folderOf(target, 2) || target.endsWith('/contract.ts')) return undefined
  return `services/${file.path.split('/')[1]} imports ${target}: another service`
}

function arrow(file: SourceFile, imported: Import): string | undefined {
  const target = resolved(file, imported)
  if (target === undefined) return undefined
  if (file.path.startsWith('shared/')) return sharedArrow(file, target)
  return file.path.startsWith('services/') ? serviceArrow(file, target, imported.typeOnly) : undefined
}

/** Imports against the arrows. */
export const arrows: Rule = (file) =>
  importsOf(file).flatMap((imported) => {
    const what = arrow(file, imported)
    return what === undefined ? [] : [{ where: `${file.path}:${imported.line}`, what, why: WHY_ARROWS }]
  })

/** Circles of imports. Types do not count: they are gone when the code runs, and two halves of a machine may know each other's. */
export function cycles(files: readonly SourceFile[]): Finding[] {
  const needs = (file: SourceFile) =>
    importsOf(file).flatMap((imported) => (imported.typeOnly ? [] : [resolved(file, imported)]))
  const graph = new Map(files.map((file) => [file.path, needs(file)]))
  const done = new Set<string>()
  const found: Finding[] = []
  const visit = (path: string, way: readonly string[]): void => {
    const start = way.indexOf(path)
    if (start >= 0) {
      const what = `a circle of imports: ${[...way.slice(start), path].join(' -> ')}`
      found.push({ where: path, what, why: 'files in a circle can be neither read nor tested alone' })
      return
    }
    if (done.has(path)) return
    for (const next of graph.get(path) ?? []) if (next !== undefined) visit(next, [...way, path])
    done.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  return found
}
