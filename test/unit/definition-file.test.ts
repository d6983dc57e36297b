/** Definitions read from JSON: what is wrong with them is told by the names of their steps, all at once. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { definitionFrom, faultText, readDefinition, readPlan } from '../../shared/client/definition-file.ts'
import { definitionHash } from '../../shared/runtime/definition-hash.ts'
import { definitionData, mappingsOf } from '../../shared/saga/definition-data.ts'
import { everyKind } from '../support/every-kind.ts'

const code = mappingsOf(everyKind)
/** The same data, read anew each time and changed. */
function changed(change: (data: ReturnType<typeof anyData>) => void): unknown {
  const data = anyData()
  change(data)
  return data
}
// biome-ignore lint/suspicious/noExplicitAny: data on its way to be spoilt has no type
const anyData = (): Record<string, any> => JSON.parse(JSON.stringify(definitionData(everyKind)))
const named = (data: ReturnType<typeof anyData>, name: string) =>
  data.steps.find((step: { name: string }) => step.name === name)
const faults = (json: unknown): string[] => {
  const read = readDefinition(json, code)
  return read.kind === 'ok' ? [] : read.faults.map(faultText)
}

test('what was written is read: the same plan, with the same functions', () => {
  expect(definitionFrom(anyData(), code)).toEqual(everyKind)
  expect(faults(anyData())).toEqual([])
})

test('without code it is read to be looked at: the same data and hash, and no function in it answers', () => {
  const read = readPlan(anyData())
  if (read.kind === 'refused') throw new Error(read.faults.map(faultText).join())
  expect(definitionData(read.definition)).toEqual(definitionData(everyKind))
  expect(definitionHash(read.definition)).toBe(definitionHash(everyKind))
  expect(() => read.definition.output({})).toThrow('there is no mapping output')
})

test('`needs` may be left out: all of them', () => {
  const data = changed((all) => delete named(all, 'parcels').needs)
  expect(definitionFrom(data, code).steps.find(({ name }) => name === 'parcels')?.needs).toBe(2)
})

test('a step may say all of its times, and how it is tried again', () => {
  const times = { takeUpMs: 1, progressMs: 2, totalMs: 3 }
  const rules = [
    { code: 'busy', attempts: 2, firstDelayMs: 9, backoff: 'fixed' },
    { code: 'gone', fatal: true },
  ] as const
  const data = changed((all) => {
    Object.assign(named(all, 'ship'), times)
    Object.assign(named(all, 'ship').retry, { backoff: 'fibonacci', maxAgeMs: 60_000, rules })
  })
  expect(faults(data)).toEqual([])
  const ship = definitionFrom(data, code).steps.find(({ name }) => name === 'ship')
  expect(ship).toMatchObject({ forward: { ...times, retry: { backoff: 'fibonacci', maxAgeMs: 60_000, rules } } })
})

test('a step may say what it is limited by, a definition whose steps go first', () => {
  const data = changed((all) => {
    named(all, 'ship').limitBy = named(all, 'ship').payload
    Object.assign(all, { priority: 7 })
  })
  expect(faults(data)).toEqual([])
  const read = definitionFrom(data, code)
  expect(read).toMatchObject({ priority: 7 })
  expect(read.steps.find(({ name }) => name === 'ship')).toMatchObject({ forward: { limitBy: expect.any(Function) } })
  expect(faults(changed((all) => Object.assign(all, { priority: 10 })))).not.toEqual([])
  const missing = changed((all) => Object.assign(named(all, 'ship'), { limitBy: 'nowhere' }))
  expect(faults(missing)).toEqual(['ship.limitBy: there is no mapping "nowhere"'])
})

test('a file may name mappings as it likes; one that is used twice is the same function', () => {
  const data = changed((all) => {
    named(all, 'route').branches[0].steps[0].payload = 'by id'
    named(all, 'route').branches[1].steps[0].payload = 'by id'
  })
  const byId = () => ({ id: 'x' })
  const { steps } = definitionFrom(data, { ...code, mappings: new Map([...code.mappings, ['by id', byId]]) })
  const [route] = steps.filter((step) => step.type === 'choose')
  const maps = route?.branches.map(
    ({
      plan: {
        steps: [first],
      },
    }) => first?.type === 'command' && first.forward.map,
  )
  expect(maps).toEqual([byId, byId])
})

describe('a fault of the shape', () => {
  test.each<[string, Parameters<typeof changed>[0], string]>([
    ['a wrong type', (all) => (named(all, 'size').compute = 7), 'size.compute: expected string, received number'],
    ['a missing field', (all) => delete named(all, 'pay').waits, 'pay.waits: is missing'],
    ['an unknown field', (all) => (named(all, 'size').timeout = 1), 'size.timeout: is not a field that is known here'],
    ['one of the whole', (all) => (all.owner = 'me'), 'owner: is not a field that is known here'],
    ['one inside a body', (all) => (named(all, 'parcels').steps[0].timeoutMs = '5 s'), 'parcels.label.timeoutMs: '],
    ['one of its times', (all) => (named(all, 'ship').totalMs = -1), 'ship.totalMs: '],
    ['a backoff', (all) => (named(all, 'ship').retry.backoff = 'linear'), 'ship.retry.backoff: '],
    [
      'a rule',
      (all) => (named(all, 'ship').retry.rules = [{ code: 'x', fatal: true, attempts: 2 }]),
      'ship.retry.rules',
    ],
    [
      'one inside a branch',
      (all) => delete named(all, 'trip').branches[1].steps[0].retry,
      'trip[flight].reserve.retry: is missing',
    ],
    ['one inside a policy', (all) => (named(all, 'ship').retry.attempts = 0), 'ship.retry.attempts: '],
    ['a figure out of bounds', (all) => (all.deadlineMs = -1), 'deadlineMs: '],
    ['an unknown type of step', (all) => (named(all, 'size').type = 'script'), 'size.type: not one of command, child'],
    [
      'neither duration nor time',
      (all) => delete named(all, 'grace').until,
      'grace: a sleep has either durationMs or until',
    ],
    ['an odd tolerance', (all) => (named(all, 'parcels').tolerated = {}), 'parcels.tolerated: either a count from 0'],
    ['a step without a name', (all) => delete all.steps[0].name, 'steps[0].name: is missing'],
    ['a step that is none', (all) => (all.steps[1] = null), 'steps[1]: '],
    ['no steps', (all) => (all.steps = 'none'), 'steps: expected array, received string'],
  ])('%s', (_, change, told) => {
    const [first, ...others] = faults(changed(change))
    expect(first?.slice(0, told.length)).toBe(told)
    expect(others).toEqual([])
  })
  test.each([[null], [[]], ['plan'], [7], [undefined]])('%j is no definition', (json) => {
    expect(faults(json)).toHaveLength(1)
  })
})

describe('a fault of the plan', () => {
  test.each<[string, Parameters<typeof changed>[0], string]>([
    ['a cycle', (all) => (named(all, 'size').after = ['parcels']), 'steps wait for each other: '],
    [
      'an unknown dependency',
      (all) => (named(all, 'pay').after = ['pol']),
      'pay: it comes after "pol", and there is no such',
    ],
    ['two of a name', (all) => (named(all, 'grace').name = 'size'), 'size: two steps are called size'],
    ['inside a body', (all) => (named(all, 'parcels').steps[1].after = ['x']), 'parcels.collect: it comes after "x"'],
    ['a pivot that waits for too little', (all) => (named(all, 'pay').kind = 'retriable'), 'pay: '],
  ])('%s', (_, change, told) => {
    expect(faults(changed(change)).some((fault) => fault.startsWith(told))).toBe(true)
  })
})

describe('what the code does not have', () => {
  test.each<[string, Parameters<typeof changed>[0], string]>([
    ['a mapping', (all) => (named(all, 'size').compute = 'sizes'), 'size.compute: there is no mapping "sizes"'],
    ['a condition', (all) => (named(all, 'pay').when = 'pay.when'), 'pay.when: there is no mapping "pay.when"'],
    [
      'a command',
      (all) => (named(all, 'ship').command = 'shop.sail.v1'),
      'ship.command: there is no command "shop.sail.v1"',
    ],
    [
      'the command of an undo',
      (all) => (named(all, 'pay').undo.command = 'x'),
      'pay.undo.command: there is no command "x"',
    ],
    ['a child', (all) => (named(all, 'pay').child.version = 4), 'pay.command: there is no command "child pay-order@4"'],
    ['a schema', (all) => (all.input = 'order'), 'input: there is no schema "order"'],
  ])('%s', (_, change, told) => {
    expect(faults(changed(change))).toEqual([told])
    expect(() => definitionFrom(changed(change), code)).toThrow(new TypeError(`not a definition: ${told}`))
    expect(readPlan(changed(change)).kind).toBe('ok')
  })
})

test('a schema that a file names is the one that its signals are held against', () => {
  const own = z.literal('own')
  const loaded = definitionFrom(anyData(), { ...code, schemas: new Map([...code.schemas, ['received.payload', own]]) })
  expect(loaded.steps.flatMap((step) => (step.type === 'signal' ? [step.signal.payload] : []))).toContain(own)
})
