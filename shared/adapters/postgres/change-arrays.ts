/**
 * Changes of rows as parameters of one statement: an array for each column, as Postgres writes one. Less to make and to read
 * than rows with the names of their columns in each; and a column that no row gives is the empty array.
 */
import type { RowChange, TableChanges } from '../../view/change-set.ts'
import type { TableSpec, Value } from '../../view/table.ts'

const EMPTY = '{}'
/** What JSON escapes in another way than an array does, or no text of Postgres may hold: the character 0 and halves of surrogate pairs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNLIKE_JSON = /[\0-\x1f\ud800-\udfff]/
const SPECIAL = /["\\]/g

/** In the order of the columns; after them, where rows may be changed too, which may be added. */
export function changeArrays({ table, changes }: TableChanges): string[] {
  const all = [...changes.values()]
  const columns = Object.keys(table.columns).map((name) => columnArray(all, name))
  return table.appendOnly ? columns : [...columns, putArray(all, table)]
}

function columnArray(changes: readonly RowChange[], name: string): string {
  let text = ''
  let isGiven = false
  for (const { row } of changes) {
    const value = row[name] ?? null
    isGiven ||= value !== null
    text += text === '' ? element(value) : `,${element(value)}`
  }
  return isGiven ? `{${text}}` : EMPTY
}

function putArray(changes: readonly RowChange[], { name }: TableSpec): string {
  if (changes.length === 0) throw new TypeError(`no row of ${name} changes`)
  return `{${changes.map(({ put }) => put).join(',')}}`
}

function element(value: Value): string {
  if (value === null || (typeof value === 'number' && !Number.isFinite(value))) return 'NULL'
  if (typeof value !== 'string') return String(value)
  // JSON is made by the engine itself, many times as fast as here.
  if (!UNLIKE_JSON.test(value)) return JSON.stringify(value)
  return `"${value.replaceAll('\0', '\ufffd').toWellFormed().replace(SPECIAL, '\\$&')}"`
}
