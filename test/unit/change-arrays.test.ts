import { expect, test } from 'vitest'
import { changeArrays } from '../../shared/adapters/postgres/change-arrays.ts'
import { changesFor } from '../../shared/view/projection.ts'
import { bigint, boolean, double, int, offset, table, text } from '../../shared/view/table.ts'

const notes = table('notes', {
  key: ['id'],
  columns: { id: text, what: text, count: int, at: bigint, place: offset, share: double, done: boolean },
})
const own = { name: 'notes', version: 1, tables: { notes }, event: () => {} }

function arraysOf(...rows: readonly { id: string; [name: string]: string | number | bigint | boolean | null }[]) {
  const into = changesFor(own)
  for (const row of rows) into.put('notes', row)
  const [changes] = into.tables()
  if (!changes) throw new Error('nothing changes')
  return changeArrays(changes)
}

test('there is an array for each column, in their order, and one that says which rows may be added', () => {
  const rows = [
    { id: 'a', what: 'x', count: 1, at: 2, place: 2n ** 60n, share: 0.5, done: true },
    { id: 'b', count: -1, share: 1e300, done: false },
  ]
  expect(arraysOf(...rows)).toEqual([
    ...['{"a","b"}', '{"x",NULL}', '{1,-1}', '{2,NULL}', '{1152921504606846976,NULL}', '{0.5,1e+300}', '{true,false}'],
    '{true,true}',
  ])
})

test('a column that no row gives is the empty array', () => {
  expect(arraysOf({ id: 'a' })).toEqual(['{"a"}', '{}', '{}', '{}', '{}', '{}', '{}', '{true}'])
})

test('what only amends is not added', () => {
  const into = changesFor(own)
  into.amend('notes', { id: 'a', count: 1 })
  into.put('notes', { id: 'b' })
  expect(into.tables().map(changeArrays)[0]?.at(-1)).toBe('{false,true}')
})

test.each([
  ['a "quoted" \\ word', '{"a \\"quoted\\" \\\\ word"}'],
  ['NULL', '{"NULL"}'],
  ['', '{""}'],
  ['{a,b}', '{"{a,b}"}'],
  ['tab\tand\nline "x"', '{"tab\tand\nline \\"x\\""}'],
  ['\0', '{"\ufffd"}'],
  ['half \ud83d', '{"half \ufffd"}'],
  ['whole \ud83d\ude00', '{"whole \ud83d\ude00"}'],
])('the text %j is an element of its own', (what, array) => {
  expect(arraysOf({ id: 'a', what })[1]).toBe(array)
})

test('a number that is none is null', () => {
  expect(arraysOf({ id: 'a', share: Number.NaN })[5]).toBe('{NULL}')
})
