import { expect, test } from 'vitest'
import { ChangeSet } from '../../shared/view/change-set.ts'
import { along, first, int, noted, table, text } from '../../shared/view/table.ts'

const rooms = table('rooms', {
  key: ['hotel', 'room'],
  columns: { hotel: text, room: int, guest: text, since: first(int), note: along('guest', text) },
})

function coalesced(...changes: readonly Readonly<Record<string, string | number | null>>[]) {
  const set = new ChangeSet({ rooms })
  for (const change of changes) set.put('rooms', { hotel: 'h', room: 1, ...change })
  return [...(set.tables()[0]?.changes.values() ?? [])].map(({ row }) => row)
}

test('many changes of a row are one, by the rules of its columns', () => {
  expect(coalesced({ guest: 'ann', since: 1, note: 'late' }, { since: 2 })).toEqual([
    { hotel: 'h', room: 1, guest: 'ann', since: 1, note: 'late' },
  ])
  expect(coalesced({ guest: 'ann', note: 'late' }, { guest: 'bo' })).toEqual([
    { hotel: 'h', room: 1, guest: 'bo', note: null },
  ])
  expect(coalesced({ guest: 'ann' }, { guest: null })).toEqual([{ hotel: 'h', room: 1, guest: 'ann', note: null }])
})

test('a change says what it cannot mean', () => {
  expect(() => coalesced({ note: 'late' })).toThrow('must give guest')
  expect(() => coalesced({ colour: 'red' })).toThrow('no column colour')
})

test('a table says what it cannot be', () => {
  expect(() => table('Rooms', { key: ['a'], columns: { a: text } })).toThrow('cannot name')
  expect(() => table('rooms', { key: ['a'], columns: { a: text, b: along('c', text) } })).toThrow(
    'no column of its own',
  )
  expect(() => table('rooms', { key: [], columns: { a: text } })).toThrow('no key')
  expect(() => table('rooms', { key: ['a'], columns: { a: text, b: noted } })).toThrow('a reading of it')
})
