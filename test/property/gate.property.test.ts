/** A gate against a list that is sorted and searched anew each time. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rankOf } from '../../shared/flow/call.ts'
import { isLimiting, type ParticipantLimits } from '../../shared/flow/limits.ts'
import { GateWorld, type Waiting } from './gate-world.ts'
import { parameters } from './property-runs.ts'

const PARTITIONS = 4
/** Of each process, where a rate is measured. */
const CALLS = 40

type Move =
  | { readonly kind: 'hold'; readonly partition: number; readonly call: Waiting }
  | { readonly kind: 'send' | 'end' | 'fail' | 'turn-back'; readonly at: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'leave'; readonly partition: number }
  | { readonly kind: 'come'; readonly partition: number }
  | { readonly kind: 'limit'; readonly limits: ParticipantLimits | undefined }

const partition = fc.nat(PARTITIONS - 1)
const waiting: fc.Arbitrary<Waiting> = fc.record({
  key: fc.constantFrom('', 'a', 'b', 'c'),
  priority: fc.nat(9),
  direction: fc.constantFrom('forward' as const, 'compensate' as const),
})
const limits: fc.Arbitrary<ParticipantLimits | undefined> = fc.option(
  fc.record({
    concurrency: fc.integer({ min: 1, max: 6 }),
    perKey: fc.record({ concurrency: fc.integer({ min: 1, max: 3 }) }),
    breaker: fc.constant('off' as const),
  }),
  { nil: undefined, freq: 6 },
)
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('hold' as const), partition, call: waiting }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('send' as const, 'end' as const, 'fail' as const, 'turn-back' as const),
      at: fc.nat(1_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(120_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), partition }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('come' as const), partition }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('limit' as const), limits }) },
)

/** What had waited, and waits again, stands behind whoever was before it. */
const COMES_AGAIN: Move[] = [
  { kind: 'limit', limits: { concurrency: 1, perKey: { concurrency: 1 }, breaker: 'off' } },
  { kind: 'hold', partition: 0, call: { key: '', priority: 4, direction: 'forward' } },
  { kind: 'hold', partition: 0, call: { key: 'a', priority: 4, direction: 'forward' } },
  { kind: 'leave', partition: 0 },
  { kind: 'come', partition: 0 },
]

function play(world: GateWorld, one: Move): void {
  if (one.kind === 'hold') world.hold(one.partition, one.call)
  else if (one.kind === 'pass') world.pass(one.ms)
  else if (one.kind === 'leave') world.leave(one.partition)
  else if (one.kind === 'come') world.come(one.partition)
  else if (one.kind === 'limit') world.limit(one.limits)
  else world.touch(one.kind, one.at)
}

test('whatever happens, the first that may go is let go, within the limits, and nobody waits where there is room', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 120 }), (moves) => {
      const world = new GateWorld(PARTITIONS)
      for (const one of moves) {
        play(world, one)
        world.pumpAgainstModel()
      }
    }),
    { ...parameters(400), examples: [[COMES_AGAIN]] },
  )
})

test('when nothing new comes, all that waits is sent in the end, whatever the limits are', () => {
  const any = fc.record(
    {
      concurrency: fc.integer({ min: 1, max: 6 }),
      ratePerSecond: fc.integer({ min: 1, max: 50 }),
      perKey: fc.record(
        { concurrency: fc.integer({ min: 1, max: 3 }), ratePerSecond: fc.integer({ min: 1, max: 20 }) },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.array(move, { maxLength: 80 }), any, (moves, limits) => {
      const world = new GateWorld(PARTITIONS)
      for (const one of moves) play(world, one)
      for (let i = 0; i < PARTITIONS; i++) world.come(i)
      world.limit({ ...limits, breaker: {} })
      world.drain()
      expect(world.waiting).toEqual([])
      expect(world.gate.gated?.size ?? 0).toBe(isLimiting(limits) ? 1 : 0)
    }),
    parameters(200),
  )
})

test('a rate holds in every time, over all partitions of all processes, and all of it is used', () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 400 }), fc.nat(PARTITIONS), (ratePerSecond, cut) => {
      const sent: number[] = []
      for (const own of [[0, 1, 2, 3].slice(0, cut), [0, 1, 2, 3].slice(cut)]) {
        if (own.length === 0) continue
        const world = new GateWorld(PARTITIONS, own)
        world.limit({ ratePerSecond, breaker: 'off' })
        for (let i = 0; i < CALLS; i++)
          world.hold(own[i % own.length] ?? 0, { key: '', priority: 5, direction: 'forward' })
        sent.push(...world.sentUntil(2_000))
      }
      sent.sort((a, b) => a - b)
      const burst = Math.ceil(ratePerSecond / 10) + 3
      const isTooFast = sent.some((from, i) =>
        sent.some((to, j) => j >= i && j - i + 1 > burst + (ratePerSecond * (to - from)) / 1_000),
      )
      expect(isTooFast).toBe(false)
      expect(sent.length).toBeGreaterThanOrEqual(Math.min(CALLS, ratePerSecond * 2 * 0.95 - 3))
    }),
    parameters(40),
  )
})

test('the parts of a number of calls are just that number, however the partitions are shared out', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 12, max: 300 }),
      fc.array(fc.nat(2), { minLength: 12, maxLength: 12 }),
      (limit, of) => {
        let all = 0
        for (const process of [0, 1, 2]) {
          const own = of.flatMap((one, partition) => (one === process ? [partition] : []))
          if (own.length === 0) continue
          const world = new GateWorld(12, own)
          world.limit({ concurrency: limit, breaker: 'off' })
          for (let i = 0; i < limit; i++) world.hold(own[0] ?? 0, { key: '', priority: 5, direction: 'forward' })
          world.gate.pump()
          all += world.granted
        }
        expect(all).toBe(limit)
      },
    ),
    parameters(100),
  )
})

test('who waits long enough goes before whoever comes later, of whatever priority', () => {
  fc.assert(
    fc.property(waiting, waiting, fc.nat(1_000_000), (a, b, ms) => {
      const first = rankOf({ ...a, since: 0 })
      const later = rankOf({ ...b, since: ms })
      if (ms > 19 * 30_000) expect(first).toBeLessThan(later)
      if (ms === 0 && a.direction === b.direction && a.priority > b.priority) expect(first).toBeLessThan(later)
    }),
    parameters(300),
  )
})
