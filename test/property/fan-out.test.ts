/** An `each` of ten thousand items: what an input costs must not grow with the items that are done, there and back. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Json } from '../../shared/message/json.ts'
import type { CommandStep, Definition, EachStep, PlannedCommand } from '../../shared/saga/definition.ts'
import { median } from '../support/quantile.ts'
import { type Asked, SagaDriver } from './saga-driver.ts'

const ITEMS = 10_000
const PARALLEL_MAX = 100
/** Items that persons undo. */
const BY_HAND = 1_000
/** Together more than a megabyte. */
const ITEM_CHARS = 100
const EVENT_BYTES_MAX = 2_048
/** Inputs of which the first and the last are compared. */
const SAMPLE = 1_000
/** Cost of the last inputs, compared with the first ones. It would be tenfold if it grew with what is done. */
const GROWTH_MAX = 8
const TEST_MS_MAX = 180_000

const sent = (name: string): PlannedCommand => ({
  command: { participant: 'carrier', name, type: `carrier.${name}.v1`, input: z.json(), output: z.json() },
  map: ({ item }) => ({ parcel: (item as { n: number }).n }),
  retry: { attempts: 1, firstDelayMs: 0, maxDelayMs: 0, multiplier: 1, jitter: 'none', notOn: [] },
  timeoutMs: 60_000,
})

const placed = { kind: 'compensatable', after: [], needs: 0, when: undefined } as const
const label: CommandStep = {
  ...placed,
  type: 'command',
  name: 'label',
  forward: sent('label'),
  undo: sent('unlabel'),
  byHand: undefined,
}

interface Fan {
  readonly compensation?: Definition['compensation']
  readonly step?: CommandStep
  readonly count?: number
}

function parcels({ compensation = 'parallel', step = label, count = ITEMS }: Fan): Definition {
  const items: readonly Json[] = Array.from({ length: count }, (_, n) => ({ n, text: `${n}`.padEnd(ITEM_CHARS, '.') }))
  const body = { steps: [step], output: undefined }
  const each: EachStep = {
    ...placed,
    type: 'each',
    name: 'parcels',
    items: () => items,
    body,
    parallelMax: PARALLEL_MAX,
    tolerated: { count: 0 },
  }
  const head = { name: 'ship', version: 1, input: z.json(), deadlineMs: undefined } as const
  return { ...head, compensation, steps: [each], output: () => null }
}

/** A saga whose open commands are answered one after the other, the oldest first. */
class FanOut {
  readonly driver: SagaDriver
  /** How long each input took, in milliseconds. */
  readonly took: number[] = []
  mostOpen = 0
  #answered = 0

  constructor(fan: Fan = {}) {
    this.driver = new SagaDriver(parcels(fan), { light: true })
    this.driver.start()
  }

  /** Answers up to so many commands, and goes on where a turn had no room for all. */
  answer(inputs: number, outcome: 'success' | 'rejected' = 'success', answers = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < inputs && !this.driver.ended && this.#answered < answers; i++) {
      const next = this.#next()
      const began = performance.now()
      if (next) this.driver.answer(next, outcome, outcome === 'success' ? { n: i } : { code: 'no' })
      else this.driver.fire()
      this.took.push(performance.now() - began)
      this.mostOpen = Math.max(this.mostOpen, this.driver.asked.length - this.#answered)
    }
  }

  #next(): Asked | undefined {
    if (this.driver.state?.yielded) return undefined
    const next = this.driver.asked[this.#answered]
    if (next) this.#answered++
    return next
  }

  /** Goes on where turns had no room for all. */
  catchUp(): void {
    while (this.driver.state?.yielded) this.driver.fire()
  }

  /** A person says of each parked step that it is undone. */
  resolveAll(): void {
    for (let parked = this.driver.state?.parked[0]; parked?.step != null; parked = this.driver.state?.parked[0]) {
      const act = this.driver.act(`done-${this.took.length}`)
      const began = performance.now()
      this.driver.give({ kind: 'resolve', step: parked.step, ...act })
      this.catchUp()
      this.took.push(performance.now() - began)
    }
  }

  /** What was asked before the saga turned back is asked no more. */
  forgetOpen(): void {
    while (this.driver.asked[this.#answered]?.direction === 'forward') this.#answered++
  }

  /** How the cost of an input has grown from the first to the last ones. */
  growth(): number {
    const sample = Math.min(SAMPLE, Math.floor(this.took.length / 4))
    return median(this.took.slice(-sample)) / median(this.took.slice(0, sample))
  }

  largestEventBytes(): number {
    return Math.max(...this.driver.history.map(({ event }) => Buffer.byteLength(JSON.stringify(event))))
  }

  bytesOf(type: string): number {
    const events = this.driver.history.filter(({ event }) => event.type === type)
    return events.reduce((sum, { event }) => sum + Buffer.byteLength(JSON.stringify(event)), 0)
  }

  count(type: string): number {
    return this.driver.history.filter(({ event }) => event.type === type).length
  }
}

describe('an `each` of ten thousand items', () => {
  it(
    'goes forward at a cost per input that does not grow, and no event holds more than its own item',
    () => {
      const there = new FanOut()
      there.answer(2 * ITEMS)
      console.log(`ten thousand items there: ${summary(there)}`)
      expect(there.driver.state?.status).toBe('completed')
      expect(there.count('scope-completed')).toBe(ITEMS)
      expect(there.mostOpen).toBe(PARALLEL_MAX)
      expect(there.bytesOf('scope-started')).toBeGreaterThan(1_000_000)
      // So many items begin at once that one turn has no room for all of them.
      expect(there.count('turn-yielded')).toBeGreaterThan(0)
      expect(there.largestEventBytes()).toBeLessThan(EVENT_BYTES_MAX)
      expect(there.growth()).toBeLessThan(GROWTH_MAX)
      there.driver.check()
      there.driver.checkFold()
    },
    TEST_MS_MAX,
  )

  it.each(['parallel', 'sequential'] as const)(
    'turns back at item 9,000 at a cost per undo that does not grow: %s',
    (how) => {
      const back = new FanOut({ compensation: how })
      back.answer(9_000)
      back.answer(1, 'rejected')
      back.forgetOpen()
      back.took.length = 0
      back.mostOpen = 0
      back.answer(3 * ITEMS)
      console.log(`and back, ${how}: ${summary(back)}`)
      expect(back.driver.state?.status).toBe('compensated')
      // All but the one that was refused: those that had not answered may have been done.
      expect(back.count('compensation-succeeded')).toBe(back.count('scope-started') - 1)
      expect(back.mostOpen).toBe(how === 'parallel' ? PARALLEL_MAX : 1)
      expect(back.largestEventBytes()).toBeLessThan(EVENT_BYTES_MAX)
      expect(back.growth()).toBeLessThan(GROWTH_MAX)
      back.driver.check()
      back.driver.checkFold()
    },
    TEST_MS_MAX,
  )

  it(
    'calls a person for each of a thousand at once, and takes their word at a cost that does not grow',
    () => {
      const byHand = new FanOut({ step: { ...label, undo: undefined, byHand: 'peel it off' }, count: BY_HAND })
      byHand.answer(2 * BY_HAND - 1, 'success', BY_HAND - 1)
      byHand.catchUp()
      byHand.answer(1, 'rejected')
      byHand.catchUp()
      expect(byHand.driver.state?.parked.length).toBe(BY_HAND - 1)
      byHand.took.length = 0
      byHand.resolveAll()
      console.log(`and by hand: ${summary(byHand)}`)
      expect(byHand.driver.state?.status).toBe('compensated')
      expect(byHand.growth()).toBeLessThan(GROWTH_MAX)
      byHand.driver.check()
    },
    TEST_MS_MAX,
  )
})

function summary(run: FanOut): string {
  const total = run.took.reduce((sum, ms) => sum + ms, 0)
  return `${run.took.length} inputs in ${(total / 1_000).toFixed(1)} s, growth ${run.growth().toFixed(1)}`
}
