/** The views say of a saga what its state says, after every decision, wherever the log is cut into chunks. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { EventEnvelope } from '../../shared/message/events.ts'
import { sagaId } from '../../shared/message/ids.ts'
import { saga } from '../../shared/saga/builder.ts'
import { decide } from '../../shared/saga/decide.ts'
import { effectsOf, type SendEffect } from '../../shared/saga/effects.ts'
import { evolve } from '../../shared/saga/evolve.ts'
import { heldSteps } from '../../shared/saga/held.ts'
import type { SagaInput } from '../../shared/saga/input.ts'
import type { SagaState } from '../../shared/saga/state.ts'
import { nextDueAt } from '../../shared/saga/timers.ts'
import type { Row } from '../../shared/view/change-set.ts'
import { changesFor } from '../../shared/view/projection.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import { standingOf } from '../../shared/view/standing.ts'
import { applyChanges, type ViewRows } from '../../shared/view/view-rows.ts'
import { bank, carrier, stock } from '../support/fulfil.ts'
import { parameters } from './property-runs.ts'

const ID = sagaId('all-1')

/** Every way to be parked: undo by hand, undos that fail or cannot be asked for, steps past the pivot, the output. */
const all = saga('all', { version: 1, input: z.object({ id: z.string(), rows: z.array(z.string()) }) })
  .step('first', stock.reserve, ({ input }) => ({ orderId: input.id }))
  .undo(stock.release, ({ input }) => ({ orderId: input.id }), { retry: { attempts: 1 } })
  .attempt('one', {
    card: (b) =>
      b
        .step('charge', bank.charge, ({ input }) => ({ orderId: input.id, cents: 1 }), { retry: { attempts: 2 } })
        .undo(bank.refund, () => {
          throw new Error('no refund can be asked for')
        })
        .step('more', bank.charge, ({ input }) => ({ orderId: input.id, cents: 2 }), { retry: { attempts: 1 } })
        .undo(bank.refund, ({ input }) => ({ orderId: input.id }), { retry: { attempts: 1 } }),
    bill: (b) =>
      b.step('charge', bank.charge, ({ input }) => ({ orderId: input.id, cents: 3 })).undoByHand('call the customer'),
  })
  .each(
    'lines',
    ({ input }) => input.rows,
    (b) =>
      b
        .step('pick', stock.reserve, ({ item }) => ({ orderId: item }), { retry: { attempts: 1 } })
        .undo(stock.release, ({ item }) => ({ orderId: item }), { retry: { attempts: 1 } }),
    { tolerate: 1, parallel: 2 },
  )
  .pivot('ship', carrier.ship, ({ first }) => ({ parcel: first.parcel }))
  .parallel('tell', {
    sender: (b) => b.step('notify', carrier.notify, ({ ship }) => ({ tracking: ship.tracking })),
    receiver: (b) => b.step('notify', carrier.notify, ({ ship }) => ({ tracking: ship.tracking })),
  })
  .output(({ input, ship }) => {
    if (input.rows.length === 3) throw new Error('three rows make no output')
    return ship
  })

const OUTPUTS: Readonly<Record<string, Record<string, string>>> = {
  'stock.reserve.v1': { parcel: 'p' },
  'bank.charge.v1': { chargeId: 'c' },
  'carrier.ship.v1': { tracking: 't' },
}

/** What a person says that a step gave: whatever it is. */
const ANY_OUTPUT = { parcel: 'p', chargeId: 'c', tracking: 't' }

const GATES = [new Set<string>(), new Set(['bank']), new Set(['stock', 'bank', 'carrier'])]

const BAD = ['rejected', 'failed', 'fatal'] as const

/** One saga in memory, with its rows. */
class Watched {
  state: SagaState | undefined
  readonly sent: SendEffect[] = []
  readonly seen = new Set<string>()
  readonly #rows: ViewRows = new Map()
  #waiting: EventEnvelope[] = []
  now = 1_000
  gated: ReadonlySet<string> = new Set()

  give(input: SagaInput): void {
    const moment = { now: this.now, chance: 0.5, gated: this.gated }
    const decision = decide({ definition: all, known: this.state, input, moment })
    if (decision.kind !== 'events') return
    for (const event of decision.events) {
      const seq = (this.state?.seq ?? 0) + 1
      const envelope = { sagaId: ID, seq, at: this.now, causationId: 'c', event }
      this.state = evolve(this.state, envelope)
      this.#waiting.push(envelope)
      for (const effect of effectsOf(envelope)) if (effect.kind === 'send') this.sent.push(effect)
    }
  }

  /** Folds what has come since, in chunks of so many events, and holds the row against the state. */
  look(chunkEvents: number): void {
    for (let i = 0; i < this.#waiting.length; i += chunkEvents) {
      const into = changesFor(sagasProjection)
      for (const envelope of this.#waiting.slice(i, i + chunkEvents))
        sagasProjection.event({ ...envelope, topic: 'kasaga.events', partition: 0, offset: BigInt(envelope.seq) }, into)
      applyChanges(this.#rows, into)
    }
    this.#waiting = []
    const { state } = this
    const row: Row = this.#rows.get('sagas')?.get(ID) ?? {}
    if (!state) return
    const parked = state.status === 'failed' ? [] : state.parked.map(({ step }) => step)
    this.seen.add(`${state.status} ${parked.length}`)
    expect(row.status).toBe(state.status)
    expect(standingOf(String(row.standing ?? '')).parked.map(([step]) => step)).toEqual(parked)
    expect(row.stuck_step ?? null).toBe(state.status === 'paused' ? null : (parked.at(-1) ?? null))
    this.#expectHeld(state, parked)
    expect(row.ended_at !== null && row.ended_at !== undefined).toBe(
      state.status === 'failed' || state.root.phase === 'done' || state.root.phase === 'undone',
    )
  }

  /** Steps that wait for their participant: those that the rows say are, for each of which the state must say so. */
  #expectHeld(state: SagaState, parked: readonly (string | null)[]): void {
    const rows = [...(this.#rows.get('steps')?.values() ?? [])]
    const back = rows.flatMap(({ step, direction }) =>
      direction === 'compensate' && String(step).endsWith(']') ? [`${step}.`] : [],
    )
    const held = heldSteps(state).map(({ step, direction }) => `${direction} ${step}`)
    for (const row of rows) {
      const step = String(row.step)
      const forward = row.direction === 'forward'
      const left = forward && (state.root.phase !== 'forward' || back.some((scope) => step.startsWith(scope)))
      const isHeld = row.status === 'held' && !left && !parked.includes(step) && state.status !== 'failed'
      expect([`${row.direction} ${step}`, isHeld]).toEqual([
        `${row.direction} ${step}`,
        held.includes(`${row.direction} ${step}`),
      ])
      expect(row.held_at === null || row.held_at === undefined).toBe(row.status !== 'held')
      if (row.status === 'held') this.seen.add(`${isHeld ? 'held' : 'no more held'} ${row.direction}`)
    }
    expect(held.every((one) => rows.some(({ step, direction }) => `${direction} ${step}` === one))).toBe(true)
  }

  /** A parked step, if there is one: of these a person may say that it is undone. */
  parkedStep(pick: number): string {
    const parked = this.state?.parked ?? []
    return parked[pick % Math.max(1, parked.length)]?.step ?? 'none'
  }
}

/** What happens next: mostly the newest commands are answered well, so that sagas come far. */
const move = fc.record({
  kind: fc.oneof(
    { weight: 14, arbitrary: fc.constant('good' as const) },
    { weight: 5, arbitrary: fc.constant('bad' as const) },
    { weight: 2, arbitrary: fc.constant('timer' as const) },
    { weight: 2, arbitrary: fc.constant('retry' as const) },
    { weight: 2, arbitrary: fc.constant('resolve' as const) },
    { weight: 1, arbitrary: fc.constant('retry-one' as const) },
    { weight: 1, arbitrary: fc.constant('skip' as const) },
    { weight: 1, arbitrary: fc.constant('edit' as const) },
    { weight: 1, arbitrary: fc.constant('cancel' as const) },
    { weight: 1, arbitrary: fc.constant('pause' as const) },
    { weight: 2, arbitrary: fc.constant('resume' as const) },
    { weight: 1, arbitrary: fc.constant('gate' as const) },
    { weight: 4, arbitrary: fc.constant('admit' as const) },
  ),
  pick: fc.nat(5),
  bad: fc.constantFrom(...BAD),
  chunkEvents: fc.integer({ min: 1, max: 4 }),
})

function inputOf(watched: Watched, { kind, pick, bad }: { kind: string; pick: number; bad: (typeof BAD)[number] }) {
  const act = { sagaId: ID, requestId: `r-${watched.state?.seq}-${pick}`, actor: 'ann', reason: 'because' }
  if (kind === 'retry' || kind === 'cancel' || kind === 'resume') return { kind, ...act } as const
  const about = { ...act, step: watched.parkedStep(pick) }
  if (kind === 'resolve') return { kind, ...about, as: pick % 2 ? 'undone' : 'failed' } as const
  if (kind === 'retry-one') return { kind: 'retry', ...about } as const
  if (kind === 'skip') return { kind, ...about, output: ANY_OUTPUT, notDone: pick === 0 } as const
  if (kind === 'pause') return { kind, ...act } as const
  if (kind === 'edit') return { kind, ...about, payload: { orderId: 'o', parcelId: 'p' } } as const
  if (kind === 'timer') return { kind, sagaId: ID } as const
  const held = watched.state ? heldSteps(watched.state) : []
  if (kind === 'admit' && held.length > 0) return { kind, sagaId: ID, steps: held.slice(pick % held.length) } as const
  if (kind === 'gate') {
    watched.gated = GATES[pick % GATES.length] ?? watched.gated
    return undefined
  }
  const { command } = watched.sent.at(-1 - (pick % Math.max(1, watched.sent.length))) ?? {}
  if (!command) return undefined
  const { step, direction, attempt, commandType } = command
  const answer = { kind: 'reply', sagaId: ID, step, direction, attempt, errorCode: undefined } as const
  if (kind === 'bad') return { ...answer, outcome: bad, body: { code: 'no', message: 'no' }, retryAfterMs: 1 } as const
  return { ...answer, outcome: 'success', body: OUTPUTS[commandType] ?? null, retryAfterMs: undefined } as const
}

const seen = new Map<string, number>()

test('status, parked steps and end are those of the state', () => {
  const moves = fc.array(move, { maxLength: 70, size: 'max' })
  const rows = fc.array(fc.constantFrom('a', 'b'), { maxLength: 3 })
  fc.assert(
    fc.property(rows, moves, fc.boolean(), (rows, moves, killed) => {
      const watched = new Watched()
      const input = { id: 'o', rows }
      const start = { definition: 'all', version: 1, input, inputHash: 'h', parent: undefined }
      watched.give({ kind: 'start', sagaId: ID, ...start })
      for (const one of moves) {
        const next = inputOf(watched, one)
        if (one.kind === 'timer') watched.now = nextDueAt(all, watched.state ?? expect.fail('no state')) ?? watched.now
        if (next) watched.give(next)
        watched.look(one.chunkEvents)
      }
      if (killed) watched.give({ kind: 'kill', sagaId: ID, requestId: 'k', actor: 'ann', reason: 'enough' })
      watched.look(1)
      for (const what of watched.seen) seen.set(what, (seen.get(what) ?? 0) + 1)
    }),
    parameters(1_500),
  )
})

test('sagas came to every status, and had several steps parked', () => {
  const statuses = new Set([...seen.keys()].flatMap((what) => what.split(' ')[0]?.replace(/^(held|no)$/, '') || []))
  expect([...statuses].sort()).toEqual([
    'compensated',
    'compensating',
    'completed',
    'failed',
    'paused',
    'running',
    'stuck',
  ])
  expect([...seen.keys()].some((what) => /^stuck [2-9]/.test(what))).toBe(true)
  for (const what of ['held forward', 'held compensate', 'no more held forward'])
    expect(seen.get(what)).toBeGreaterThan(0)
})
