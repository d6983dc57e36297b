/**
 * Generations of a projection: its tables as they are read, and others beside them, each in a schema of its own with
 * checkpoints under a name of its own.
 *
 *   next      is built from the log, until it takes the place of the one that is read
 *   kept      is what it took the place of, for a while
 *   at_NAME   is the view as of a time or a place of the log, for whoever asks for it by SQL
 */
import type { Projection, Tables } from './projection.ts'
import type { TableSpec } from './table.ts'

export type Beside = 'next' | 'kept' | `at_${string}`

const SCHEMA = 'kasaga'
const MARK = '~'
const NAME = /^[a-z0-9_]{1,40}$/

/** The schema of a generation. */
export function schemaOf(beside: Beside): string {
  return `${SCHEMA}_${beside}`
}

/** Name under which a generation's checkpoints stand. */
export function nameBeside(projection: string, beside: Beside): string {
  return `${projection}${MARK}${beside}`
}

/** The projection that a generation is of. */
export function baseName(name: string): string {
  return name.split(MARK)[0] ?? name
}

/** Which generation checkpoints of that name are of; absent: the one that is read. */
export function besideOf(name: string): Beside | undefined {
  return name.split(MARK)[1] as Beside | undefined
}

/** The generation of a view at a time or place. @throws TypeError when no schema can have that name. */
export function besideNamed(name: string): Beside {
  if (!NAME.test(name)) throw new TypeError(`${name} cannot name a view at a time: lower case, digits, _, up to 40`)
  return `at_${name}`
}

/** The same projection, whose rows go into a generation. */
export function inGeneration<Own extends Tables>(own: Projection<Own>, beside: Beside): Projection<Own> {
  const schema = schemaOf(beside)
  const tables = Object.entries(own.tables).map(([key, table]): [string, TableSpec] => [key, { ...table, schema }])
  return { ...own, name: nameBeside(own.name, beside), tables: Object.fromEntries(tables) as Own }
}
