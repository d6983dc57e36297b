/** Graphs, blocks and child sagas: lawful histories pass, and each planted breach is found under its own name. */
import { describe, expect, it } from 'vitest'
import type { EventEnvelope } from '../../../shared/message/events.ts'
import type { Definition } from '../../../shared/saga/definition.ts'
import { outlineOf, violations } from '../../../shared/saga/invariants.ts'
import { type Happened, historyOf } from '../../support/given-when-then.ts'
import { FORKS, LAWFUL_FORKS } from './invariants/forks.ts'
import { LAWFUL_BLOCKS } from './invariants/lawful-blocks.ts'
import { LAWFUL_ENDS, LAWFUL_FAMILIES } from './invariants/lawful-ends.ts'
import * as s from './invariants/shapes.ts'
import { OTHERS, UNDOS } from './invariants/unlawful-back.ts'
import { FAILURES, NEEDS } from './invariants/unlawful-forward.ts'
import { HELD } from './invariants/unlawful-held.ts'
import { LEGAL, ORDER } from './invariants/unlawful-order.ts'
import { TIMES } from './invariants/unlawful-times.ts'

const LAWFUL = [...LAWFUL_ENDS, ...LAWFUL_BLOCKS, ...LAWFUL_FAMILIES, ...LAWFUL_FORKS]
const found = (history: readonly EventEnvelope[], plan?: Definition) =>
  violations(history, plan && outlineOf(plan)).map(({ invariant }) => invariant)

describe('lawful histories', () => {
  it.each(LAWFUL)('of $what', ({ plan, events }) => {
    expect(violations(historyOf(events), outlineOf(plan))).toEqual([])
    expect(violations(historyOf(events))).toEqual([])
  })

  it.each(LAWFUL)('of $what hold as far as they have come', ({ plan, events }) => {
    for (let n = 0; n < events.length; n++)
      expect(violations(historyOf(events.slice(0, n)), outlineOf(plan)), `the first ${n}`).toEqual([])
  })

  // What is left is lawful where these are missing: nothing need follow them, or the saga turned back before they came.
  const MAY_BE_MISSED = new Set(['signal-received', 'turn-yielded', 'parent-answered', 'saga-completed'])
  const BEFORE_A_TURN = new Set(['step-succeeded', 'scope-completed'])
  const typesOf = (events: readonly Happened[]) => events.map((one) => ('event' in one ? one.event : one).type)
  const unkilled = LAWFUL.filter(({ events }) => !typesOf(events).includes('saga-killed'))

  it.each(unkilled)('of $what, with any event but the last left out, are lawful no more', ({ plan, events }) => {
    const types = typesOf(events)
    const turn = types.lastIndexOf('compensation-started')
    for (const [n, type] of types.slice(0, -1).entries()) {
      if (MAY_BE_MISSED.has(type) || (n < turn && BEFORE_A_TURN.has(type))) continue
      expect(found(historyOf(events.toSpliced(n, 1)), plan).length, `${n}: ${type}`).toBeGreaterThan(0)
    }
  })
})

const PLANTED = [...ORDER, ...LEGAL, ...FAILURES, ...NEEDS, ...UNDOS, ...OTHERS, ...TIMES, ...HELD, ...FORKS].map(
  ([what, invariant, plan, events, bare]) => ({ what, invariant, plan, events, bare }),
)

describe('the invariants of a tree', () => {
  it.each(PLANTED)('find $what ($invariant)', ({ invariant, plan, events, bare }) => {
    const history = historyOf(events)
    expect(found(history, plan)).toContain(invariant)
    if (bare) expect(found(history)).toContain(invariant)
  })
})

describe('a history of ten thousand items', () => {
  const count = 10_000
  const numbers = Array.from({ length: count }, (_, i) => i)
  const labelled = s.each('items', {}, { steps: [s.step('do')], output: undefined }, 0, 50)
  const plan = s.saga('parallel', labelled, s.step('last', { after: ['items'] }))
  const forth = [
    s.start,
    s.opened('items', 'each', count),
    ...numbers.flatMap((i) => [...s.begun(`items[${i}]`), ...s.did(`items[${i}].do`), ...s.full(`items[${i}]`)]),
    s.closed('items'),
  ]
  const unfolded = numbers.flatMap((i) => [
    ...s.undid(`items[${count - 1 - i}].do`),
    ...s.settled(`items[${count - 1 - i}]`),
  ])

  it.each<readonly [string, Definition, readonly Happened[]]>([
    ['to its end', plan, [...forth, ...s.did('last'), s.completed]],
    ['and back', plan, [...forth, s.back(s.cancelled), ...unfolded, s.compensated]],
    [
      'and back one by one',
      { ...plan, compensation: 'sequential' },
      [...forth, s.back(s.cancelled), ...unfolded, s.compensated],
    ],
  ])('%s is read in seconds', (_, definition, events) => {
    const history = historyOf(events)
    const before = performance.now()
    expect(violations(history, outlineOf(definition))).toEqual([])
    expect(violations(history)).toEqual([])
    expect(performance.now() - before).toBeLessThan(10_000)
  })
})
