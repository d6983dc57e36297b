/** A plan as data: whole, JSON, comparable; and as a picture. */
import { describe, expect, expectTypeOf, it, test } from 'vitest'
import { z } from 'zod'
import { planText } from '../../../services/cli/text/plan-text.ts'
import { definitionFrom, readDefinition, readPlan } from '../../../shared/client/definition-file.ts'
import { definitionHash } from '../../../shared/runtime/definition-hash.ts'
import { saga } from '../../../shared/saga/builder.ts'
import { changesBetween } from '../../../shared/saga/data/changes.ts'
import type { DefinitionData, StepData } from '../../../shared/saga/data/data-types.ts'
import type { Definition, StepDefinition } from '../../../shared/saga/definition.ts'
import { definitionData, mappingsOf } from '../../../shared/saga/definition-data.ts'
import { mermaidOf } from '../../../shared/saga/draw.ts'
import { booking, branch, everyKind, place, plan, sent, shop } from '../../support/every-kind.ts'
import { mermaidFaults } from '../../support/mermaid-faults.ts'

const data = definitionData(everyKind)
const stepOf = (name: string) => data.steps.find((step) => step.name === name)
const withSteps = (...steps: StepDefinition[]): Definition => ({ ...everyKind, steps })
const changes = (before: Definition, after: Definition) =>
  changesBetween(definitionData(before), definitionData(after)).map(({ kind, path }) => `${kind} ${path}`)

describe('a definition as data', () => {
  it('says of a command what is sent, its figures and its undo, with names where functions are', () => {
    const retry = { attempts: 5, firstDelayMs: 500, maxDelayMs: 30_000, multiplier: 2, jitter: 'full', notOn: [] }
    expect(definitionData(withSteps(booking('charge', { when: () => true }))).steps).toEqual([
      {
        name: 'charge',
        kind: 'compensatable',
        after: [],
        needs: 0,
        when: 'charge.when',
        type: 'command',
        command: 'shop.book.v1',
        payload: 'charge.payload',
        timeoutMs: 30_000,
        retry,
        undo: {
          command: 'shop.cancel.v1',
          payload: 'charge.undo',
          timeoutMs: 30_000,
          retry: { ...retry, attempts: 15, maxDelayMs: 60_000 },
        },
      },
    ])
  })
  it('says the rest in a few fields each', () => {
    expect(data).toMatchObject({
      name: 'every-kind',
      version: 2,
      deadlineMs: 3_600_000,
      input: 'input',
      output: 'output',
    })
    expect(stepOf('size')).toMatchObject({ type: 'local', compute: 'size.compute' })
    expect(stepOf('grace')).toMatchObject({ type: 'sleep', until: 'grace.until' })
    expect(stepOf('asked')).toMatchObject({
      signal: 'answer',
      payload: 'asked.payload',
      deadlineMs: 86_400_000,
      approval: { roles: ['clerk', 'lead'], answers: ['yes', 'no'], turnBackOn: ['no'] },
    })
    expect(stepOf('pay')).toMatchObject({ child: { definition: 'pay-order', version: 3 }, id: 'pay.id', waits: true })
    expect(stepOf('ship')).toMatchObject({ kind: 'pivot', irreversible: true })
    expect(stepOf('trip')).toMatchObject({ after: ['asked', 'grace'], needs: 1, enough: 1 })
    expect(stepOf('parcels')).toMatchObject({ items: 'parcels.items', parallelMax: 4, tolerated: { share: 0.1 } })
    expect(stepOf('poll')).toMatchObject({ until: 'poll.until', roundsMax: 5, atLimit: 'go-on' })
  })
  it('has each function under a name of its own, made of its place', () => {
    const { mappings, commands, schemas } = mappingsOf(everyKind)
    expect([...mappings.keys()].filter((name) => /^(trip|route|insure|parcels)\b/.test(name))).toEqual([
      'trip[hotel].reserve.payload',
      'trip[hotel].reserve.undo',
      'trip[flight].reserve.when',
      'trip[flight].reserve.payload',
      'trip[flight].reserve.undo',
      'route[air].when',
      'route[air].fly.payload',
      'route[air].fly.undo',
      'route[road].drive.payload',
      'route[road].drive.undo',
      'insure[first].cover.payload',
      'insure[first].cover.undo',
      'insure[second].cover.payload',
      'insure[second].cover.undo',
      'insure[second].output',
      'parcels.items',
      'parcels.label.payload',
      'parcels.label.undo',
      'parcels.collect.payload',
    ])
    expect(mappings.get('output')).toBe(everyKind.output)
    expect([...commands.keys()].sort()).toEqual([
      'child pay-order@3',
      'kasaga.undo.v1',
      'shop.book.v1',
      'shop.cancel.v1',
      'shop.ship.v1',
    ])
    expect([...schemas.keys()]).toEqual(['input', 'asked.payload', 'received.payload'])
  })
  it('tells two commands of one type apart by their place, and one from its like not at all', () => {
    const other = { ...shop.book, input: shop.ship.input }
    const steps = [
      booking('one'),
      booking('two', {}, { forward: sent(other) }),
      booking('three', {}, { forward: sent({ ...shop.book }) }),
    ]
    const names = definitionData(withSteps(...steps)).steps.map((step) => step.type === 'command' && step.command)
    expect(names).toEqual(['shop.book.v1', 'shop.book.v1 of two', 'shop.book.v1'])
    expect(mappingsOf(withSteps(...steps)).commands.get('shop.book.v1 of two')).toBe(other)
  })
})

describe('a field that a step gets', () => {
  type Fields<T> = T extends unknown ? keyof T : never
  /** What follows from the rest. */
  interface NotWritten {
    readonly child: 'byHand'
    readonly lock: 'byHand' | 'undo'
  }
  type Untold<Type extends StepDefinition['type']> = Exclude<
    Fields<Extract<StepDefinition, { type: Type }>>,
    Fields<Extract<StepData, { type: Type }>> | 'forward' | 'body' | NotWritten[Type & keyof NotWritten]
  >
  it('has its place in the data, or this does not compile', () => {
    expectTypeOf<{ [Type in StepDefinition['type']]: Untold<Type> }[StepDefinition['type']]>().toEqualTypeOf<never>()
    // Ways from other versions are code that is no part of the plan: one more changes no hash.
    expectTypeOf<Exclude<keyof Definition, keyof DefinitionData>>().toEqualTypeOf<'migrations'>()
  })
})

describe('the hash', () => {
  const two = (a: StepDefinition, b: StepDefinition) => ({ ...everyKind, steps: [a, b] })
  const [a, b] = [booking('a'), booking('b')]
  it('is SHA-256 in hex, the same as ever for this plan', () => {
    expect(definitionHash(withSteps(a))).toBe('369d48f818b761b859658eef0f8d51724ed3edc639f617b88b253c3d681644de')
  })
  it('says nothing of code, and of order only where order counts', () => {
    expect(definitionHash({ ...everyKind, output: () => 'other' })).toBe(definitionHash(everyKind))
    expect(definitionHash(two(b, a))).toBe(definitionHash(two(a, b)))
    const inTurn = { compensation: 'sequential' } as const
    expect(definitionHash({ ...two(b, a), ...inTurn })).not.toBe(definitionHash({ ...two(a, b), ...inTurn }))
  })
  it.each<[string, Partial<Definition>]>([
    ['name', { name: 'other' }],
    ['version', { version: 3 }],
    ['deadline', { deadlineMs: undefined }],
    ['compensation', { compensation: 'sequential' }],
    ['steps', { steps: everyKind.steps.slice(0, -1) }],
  ])('changes with the %s', (_, own) => {
    expect(definitionHash({ ...everyKind, ...own })).not.toBe(definitionHash(everyKind))
  })
})

describe('two versions', () => {
  it('that are the same differ in nothing, whatever their names, versions and code', () => {
    expect(changes(everyKind, { ...everyKind, name: 'other', version: 9, output: () => 1 })).toEqual([])
  })
  it('differ by field, with paths into blocks, policies and undos', () => {
    const inner = (attempts: number, enough: number): StepDefinition => {
      const undo = sent(shop.cancel)
      const reserve = booking('reserve', {}, { undo: { ...undo, retry: { ...undo.retry, attempts } } })
      return {
        ...place('trip'),
        type: 'parallel',
        enough,
        branches: [branch('hotel', plan(reserve)), branch('car', plan(booking('get')))],
      }
    }
    expect(changesBetween(definitionData(withSteps(inner(3, 1))), definitionData(withSteps(inner(4, 2))))).toEqual([
      { kind: 'changed', path: 'trip.enough', before: 1, after: 2 },
      { kind: 'changed', path: 'trip[hotel].reserve.undo.retry.attempts', before: 3, after: 4 },
    ])
  })
  it('tell steps, branches, undos and dependencies that came or went, each once', () => {
    const [a, b, c] = [booking('a'), booking('b', { after: ['a'] }), booking('c', { after: ['a'] })]
    expect(changes(withSteps(a, b), withSteps(a, b, c))).toEqual(['added c'])
    expect(changes(withSteps(a, b, c), withSteps(a, booking('c')))).toEqual([
      'removed b',
      'changed c.after',
      'changed c.needs',
    ])
    expect(changes(withSteps(a), withSteps(booking('a', {}, { undo: undefined, byHand: 'call' })))).toEqual([
      'removed a.undo',
      'added a.byHand',
    ])
    const chosen = (...names: string[]): Definition =>
      withSteps({ ...place('way'), type: 'choose', branches: names.map((name) => branch(name, plan(a), () => true)) })
    expect(changes(chosen('x', 'y'), chosen('y', 'x', 'z'))).toEqual(['changed way.branches', 'added way[z]'])
  })
  it('tell a dependency that moved as that alone, though the steps now stand in another order', () => {
    const before = withSteps(booking('a'), booking('b'))
    const after = withSteps(booking('b'), booking('a', { after: ['b'] }))
    expect(changes(before, after)).toEqual(['changed a.after', 'changed a.needs'])
  })
  it('differ by the order of steps only when both undo in turn', () => {
    const steps = [booking('a'), booking('b')]
    const back = [...steps].reverse()
    const inTurn = (all: StepDefinition[]): Definition => ({ ...withSteps(...all), compensation: 'sequential' })
    expect(changes(inTurn(steps), inTurn(back))).toEqual(['changed steps'])
    expect(changes(withSteps(...steps), withSteps(...back))).toEqual([])
  })
})

describe('a picture', () => {
  const picture = mermaidOf(data)
  const links = (definition: Definition) =>
    mermaidOf(definitionData(definition))
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => / (?:-->|--|-\.->|-\.) /.test(line))
  it('is Mermaid, with any text in it', () => {
    expect(mermaidFaults(picture)).toEqual([])
    const odd = booking('a', {}, { undo: undefined, byHand: 'say "no"]; end\n<b>#quot; `x` %% {{' })
    expect(mermaidFaults(mermaidOf(definitionData(withSteps(odd))))).toEqual([])
  })
  it('goes forward along the graph, and back along it the other way, past what has no undo', () => {
    const local: StepDefinition = { ...place('l', { after: ['a', 'b'], needs: 1 }), type: 'local', compute: () => 1 }
    const steps = [booking('a'), booking('b', {}, { undo: undefined }), local, booking('c', { after: ['l'] })]
    expect(links(withSteps(...steps))).toEqual([
      's0 -.-> u0',
      's3 -.-> u3',
      's0 -- "any" --> s2',
      's1 -- "any" --> s2',
      's2 --> s3',
      'u3 -.-> u0',
      'start --> s0',
      'start --> s1',
      's3 --> done',
      'u0 -.-> back',
    ])
  })
  it.each([
    'subgraph s3["<b>trip</b><br/>1 of 2 are enough"]',
    's1 -- "any" --> s3',
    'c13 -- "if route[air].when" --> b9',
    'c13 -- "else" --> b11',
    'b15 -- "if it fails" --> b17',
    'subgraph s19["<b>parcels</b><br/>each of parcels.items, 4 at a time, 10 % may fail"]',
    'u21[/"undo <b>collect</b> by hand<br/>fetch it back"\\]',
    'u21 -.-> u20',
    'u25 -.-> s19',
    's19 -.-> s8',
    'q22 -- "again" --> r22',
    's25[["<b>pay</b><br/>saga pay-order v3"]]',
    's26 -. "rejected" .-> u25',
  ])('of blocks has %s', (line) => {
    expect(picture.split('\n').map((one) => one.trim())).toContain(line)
  })
  it('says on a join how many it needs, and nothing when it needs all', () => {
    const join = (needs: number) =>
      withSteps(booking('a'), booking('b'), booking('c'), booking('d', { after: ['a', 'b', 'c'], needs }))
    expect(links(join(2))).toContain('s0 -- "2 of 3" --> s3')
    expect(links(join(3))).toContain('s0 --> s3')
  })
})

test('the reader of pictures sees what is wrong', () => {
  const lines = ['flowchart TD', '  a["x"]', '  subgraph f["y"]', '    b["z"]', '  end', '  a --> b']
  const faultsOf = (...more: string[]) => mermaidFaults([...lines, ...more].join('\n')).length
  expect(faultsOf()).toBe(0)
  for (const line of [
    '  a --> c',
    '  f --> b',
    '  a["again"]',
    '  end',
    '  subgraph g["open"]',
    '  c["un"quoted"]',
    '  c[un quoted]',
    '  a -> b',
  ])
    expect(faultsOf(line), line).toBe(1)
})

describe('the ways from other versions', () => {
  const first = saga('shop', { version: 1, input: z.json() })
    .step('book', shop.book, () => ({ id: '1' }))
    .keep()
    .end()
  const map = ({ input }: { input: unknown }) => ({ input: input as null })
  const begun = () => saga('shop', { version: 3, input: z.json() })
  const steps = (chain: ReturnType<typeof begun>) =>
    chain
      .step('hold', shop.book, () => ({ id: '1' }))
      .keep()
      .end()
  const third = steps(
    begun()
      .migratesFrom(first, map, { renames: { book: 'hold' } })
      .migratesFrom(2, undefined, { keeps: ['book', 'post'] }),
  )

  it('are in the data by version, with a name where their code is, and come back out of it', () => {
    const written = definitionData(third)
    expect(written.migratesFrom).toEqual({
      1: { by: 'migratesFrom[1]', renames: { book: 'hold' } },
      2: { keeps: ['book', 'post'] },
    })
    const again = definitionFrom(JSON.parse(JSON.stringify(written)), mappingsOf(third))
    expect(again.migrations).toEqual(third.migrations)
    expect(again.migrations?.[0]?.map).toBe(map)
    expect(again.migrations?.[0]?.old).toBe(first)
    expect('migratesFrom' in definitionData(first)).toBe(false)
  })
  it('are told as differences, and make no other plan of it: sagas that run go on', () => {
    const plain = steps(begun())
    expect(definitionHash(plain)).toBe(definitionHash(third))
    expect(changes(plain, third)).toEqual(['added migratesFrom'])
    const renamed = { ...third, migrations: third.migrations?.map((way) => ({ ...way, renames: {} })) ?? [] }
    expect(changes(third, renamed)).toEqual(['removed migratesFrom.1.renames'])
  })
  it('are in the picture, and beside the plan for a person', () => {
    const picture = mermaidOf(definitionData(third))
    expect(picture).toContain('from1[/"moved from version 1<br/>book is hold"\\]')
    expect(mermaidFaults(picture)).toEqual([])
    const told = planText(definitionData(third), { hash: 'h', rememberedMs: 1 })
    expect(told).toContain('sagas are moved from version 1; book is hold')
    expect(told).toContain('sagas are moved from version 2; nothing to undo: book, post')
  })
  it('that make no sense, or whose code is not there, are faults with their place', () => {
    const written = definitionData(third)
    const faultsOf = (migratesFrom: object) => readPlan({ ...written, migratesFrom })
    expect(faultsOf({ 3: {} })).toMatchObject({ faults: [{ path: 'migratesFrom' }] })
    expect(faultsOf({ 1: { renames: { book: 'nowhere' } } })).toMatchObject({ faults: [{ path: 'migratesFrom' }] })
    expect(faultsOf({ one: {} })).toMatchObject({ kind: 'refused' })
    expect(readPlan(written).kind).toBe('ok')
    const code = { ...mappingsOf(third), migrations: new Map() }
    expect(readDefinition(written, code)).toMatchObject({ faults: [{ path: 'migratesFrom.1.by' }] })
  })
})
