import { describe, expect, test } from 'vitest'
import { Breaker } from '../../../shared/flow/breaker.ts'
import { BREAKER, OPEN_MS_MAX } from '../../../shared/flow/limits.ts'

function call(breaker: Breaker, worked: boolean, now: number) {
  const probe = breaker.admit(now)
  breaker.release(probe)
  return breaker.heard({ worked, probe }, now, BREAKER)
}

/** Open since 0. */
function opened(): Breaker {
  const breaker = new Breaker()
  for (let i = 0; i < BREAKER.minimumCalls; i++) call(breaker, false, 0)
  return breaker
}

function probe(breaker: Breaker, worked: boolean, now: number) {
  expect(breaker.room(now, BREAKER)).toBeGreaterThan(0)
  return call(breaker, worked, now)
}

describe('closed', () => {
  test('it opens with the failure that makes them half of the fewest calls that count', () => {
    const breaker = new Breaker()
    const said = Array.from({ length: 20 }, (_, i) => call(breaker, i % 2 === 0, 0))
    expect(said.slice(0, 19)).toEqual(Array(19).fill(undefined))
    expect(said[19]).toBe('open')
    expect(breaker.seen).toEqual({ calls: 20, failures: 10 })
  })

  test('fewer failures than that leave it closed, however many calls there are', () => {
    const breaker = new Breaker()
    for (let i = 0; i < 1_000; i++) call(breaker, i % 5 > 1, i)
    expect(breaker.status).toBe('closed')
    expect(breaker.room(1_000, BREAKER)).toBe(Number.POSITIVE_INFINITY)
  })

  test('failures that are older than the window are forgotten', () => {
    const breaker = new Breaker()
    for (let i = 0; i < 19; i++) call(breaker, false, 0)
    call(breaker, false, BREAKER.windowMs + 1)
    expect(breaker.status).toBe('closed')
  })

  test('it opens by a failure alone: what works never does harm', () => {
    const breaker = new Breaker()
    for (let i = 0; i < 19; i++) call(breaker, false, 0)
    expect(call(breaker, true, 1)).toBeUndefined()
    expect(call(breaker, false, 2)).toBe('open')
  })
})

describe('open', () => {
  test('nothing goes until its time is over, then as many probes as are wanted', () => {
    const breaker = opened()
    expect(breaker.room(BREAKER.openMs - 1, BREAKER)).toBe(0)
    expect(breaker.readyAt(0, BREAKER)).toBe(BREAKER.openMs)
    expect(breaker.room(BREAKER.openMs, BREAKER)).toBe(BREAKER.probes)
    expect(breaker.status).toBe('half-open')
  })

  test('what is heard of calls from before says nothing', () => {
    const breaker = opened()
    expect(breaker.heard({ worked: false, probe: undefined }, 1, BREAKER)).toBeUndefined()
    breaker.room(BREAKER.openMs, BREAKER)
    expect(breaker.heard({ worked: false, probe: undefined }, BREAKER.openMs, BREAKER)).toBeUndefined()
    expect(breaker.status).toBe('half-open')
  })
})

describe('half-open', () => {
  test('it closes when as many probes as are wanted have worked', () => {
    const breaker = opened()
    const said = [1, 2, 3].map(() => probe(breaker, true, BREAKER.openMs))
    expect(said).toEqual([undefined, undefined, 'closed'])
  })

  test('a probe that fails opens it for twice as long, up to a limit, and the first opening is remembered', () => {
    const breaker = opened()
    let now = 0
    const times: number[] = []
    for (let i = 0; i < 6; i++) {
      times.push(breaker.openUntil - now)
      now = breaker.openUntil
      expect(probe(breaker, false, now)).toBe('open')
    }
    expect(times).toEqual([5_000, 10_000, 20_000, 40_000, OPEN_MS_MAX, OPEN_MS_MAX])
    expect(breaker.since).toBe(0)
  })

  test('once closed it begins anew', () => {
    const breaker = opened()
    for (let i = 0; i < 3; i++) probe(breaker, true, BREAKER.openMs)
    for (let i = 0; i < BREAKER.minimumCalls; i++) call(breaker, false, 10_000)
    expect(breaker.openUntil).toBe(10_000 + BREAKER.openMs)
    expect(breaker.since).toBe(10_000)
  })

  test('a probe that is not sent after all makes room for another', () => {
    const breaker = opened()
    breaker.room(BREAKER.openMs, BREAKER)
    const probes = [1, 2, 3].map(() => breaker.admit(BREAKER.openMs))
    expect(breaker.room(BREAKER.openMs, BREAKER)).toBe(0)
    breaker.release(probes[0])
    expect(breaker.room(BREAKER.openMs, BREAKER)).toBe(1)
  })

  test('probes of which nothing is heard are not waited for for ever', () => {
    const breaker = opened()
    breaker.room(BREAKER.openMs, BREAKER)
    for (let i = 0; i < 3; i++) breaker.admit(BREAKER.openMs)
    const later = breaker.readyAt(BREAKER.openMs, BREAKER) ?? 0
    expect(breaker.room(later, BREAKER)).toBe(BREAKER.probes)
  })

  test('a probe of an earlier time says nothing', () => {
    const breaker = opened()
    breaker.room(BREAKER.openMs, BREAKER)
    const early = breaker.admit(BREAKER.openMs)
    probe(breaker, false, BREAKER.openMs)
    breaker.room(breaker.openUntil, BREAKER)
    expect(breaker.heard({ worked: false, probe: early }, breaker.openUntil, BREAKER)).toBeUndefined()
    expect(breaker.status).toBe('half-open')
  })
})
