/** One turn of an owner: what it takes, what it leaves for the next, and what becomes of what cannot be decided. */
import { describe, expect, it, test } from 'vitest'
import { clientCommandRecord } from '../../../shared/message/client-command-record.ts'
import { eventRecord } from '../../../shared/message/event-record.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import { headerOf, type LogRecord } from '../../../shared/message/record.ts'
import { definitionHash } from '../../../shared/runtime/definition-hash.ts'
import type { AnyEffect } from '../../../shared/runtime/effect-record.ts'
import { InputQueue } from '../../../shared/runtime/input-queue.ts'
import { ORCHESTRATOR_LIMITS, type OrchestratorLimits } from '../../../shared/runtime/limits.ts'
import { NOTHING_CONSUMED, PartitionState } from '../../../shared/runtime/partition-state.ts'
import { takeTurn } from '../../../shared/runtime/turn.ts'
import { type Definition, Definitions } from '../../../shared/saga/definition.ts'
import { fulfil } from '../../support/fulfil.ts'
import { delivered } from '../../support/wire.ts'

const T0 = 1_000_000
/** When the first step's attempt is not waited for any longer. */
const STOCK_DUE = T0 + 30_000

function start(id: string, offset: number, input: object = { id, cents: 5 }): LogRecord {
  const command = { kind: 'start', sagaId: sagaId(id), requestId: `r-${id}`, definition: 'fulfil', version: 1 } as const
  const record = clientCommandRecord({ ...command, input: { ...input } }, { at: 0, source: '/test' })
  return delivered(record, BigInt(offset), 'kasaga.commands')
}

/** A partition's owner without its log: a state, a queue, and turns on them. */
function rig(limits: Partial<OrchestratorLimits> = {}, definition: Definition = fulfil) {
  const definitions = new Definitions([definition])
  const state = new PartitionState(definitions, { endedSagasMax: 100, endedWholeMax: 100 })
  const queue = new InputQueue()
  const all = { ...ORCHESTRATOR_LIMITS, ...limits }
  let marks = NOTHING_CONSUMED
  const take = (now = T0) => {
    const context = { state, definitions, limits: all, random: { next: () => 0.5 }, source: '/test', now, marks }
    const turn = takeTurn(queue, context)
    marks = turn.marks
    return turn
  }
  const wait = (...records: readonly LogRecord[]) => {
    for (const record of records) queue.push({ source: 'commands', record })
  }
  const begin = (count: number, from = 0) =>
    wait(...Array.from({ length: count }, (_, i) => start(`s-${from + i}`, from + i)))
  return { state, queue, take, wait, begin }
}

const sagaOfEffect = (effect: AnyEffect) => (effect.kind === 'send' ? effect.command.sagaId : effect.kind)

const typesOf = (turn: { readonly events: readonly { headers: unknown }[] }) =>
  turn.events.map((record) => headerOf(delivered(record as never), 'ce_type'))

test('takes inputs up to the limit, says how far it came, and leaves the rest', () => {
  const { begin, take, queue } = rig({ turnInputsMax: 3 })
  begin(5)
  const first = take()
  expect(first.marks.commands).toBe(3n)
  expect(first.inputs).toEqual({ applied: 3, deadLettered: 0, ignored: {} })
  expect(first.effects.map(sagaOfEffect)).toEqual(['s-0', 's-1', 's-2'])
  expect(queue.length).toBe(2)
  expect(take().marks.commands).toBe(5n)
})

test('takes no more than fits into a batch; what does not fit comes first in the next', () => {
  const { begin, take, queue } = rig({ batchBytesMax: 5_000 })
  begin(6)
  const first = take()
  expect(first.events.length).toBeGreaterThan(0)
  expect(queue.length).toBeGreaterThan(0)
  const taken = [...first.effects]
  while (queue.length > 0) taken.push(...take().effects)
  expect(taken.map(sagaOfEffect)).toEqual(['s-0', 's-1', 's-2', 's-3', 's-4', 's-5'])
})

test('what fits into no batch becomes a dead letter, and those behind it go on', () => {
  const { begin, wait, take, state } = rig({ batchBytesMax: 5_000 })
  wait(start('large', 0, { id: 'x'.repeat(6_000), cents: 5 }))
  begin(1, 1)
  const turn = take()
  expect(turn.dead.map(({ reason, record }) => [reason, record.offset])).toEqual([['too-large', 0n]])
  expect(turn.inputs).toEqual({ applied: 1, deadLettered: 1, ignored: {} })
  expect(turn.marks.commands).toBe(2n)
  expect(state.liveSagas).toBe(1)
})

test('due timers have a share of a turn while inputs wait, and all of it when none do', () => {
  const { begin, take } = rig({ turnInputsMax: 10, turnTimersMax: 2 })
  begin(8)
  take()
  begin(3, 8)
  const shared = take(STOCK_DUE)
  expect(shared.inputs.applied).toBe(3)
  expect(shared.events.length).toBe(2 + 3 * 2)
  const alone = take(STOCK_DUE)
  expect(alone.events.length).toBe(6)
  expect(take(STOCK_DUE).events).toEqual([])
})

test('timers that do not fit into this batch fire in the next', () => {
  const { begin, take, state } = rig({ batchBytesMax: 2_200 })
  begin(4)
  while (state.liveSagas < 4) take()
  let fired = 0
  let turns = 0
  for (; (state.due.earliest() ?? Number.POSITIVE_INFINITY) <= STOCK_DUE && turns < 20; turns++)
    fired += take(STOCK_DUE).events.length
  expect(fired).toBe(4)
  expect(turns).toBeGreaterThan(1)
})

test('a kill is told apart from what else happened', () => {
  const { begin, wait, take, state } = rig()
  begin(2)
  expect(take().killed).toEqual([])
  const kill = { kind: 'kill', sagaId: sagaId('s-0'), requestId: 'r', actor: 'ann', reason: 'enough' } as const
  wait(delivered(clientCommandRecord(kill, { at: 0, source: '/test' }), 2n, 'kasaga.commands'))
  expect(take().killed).toEqual([{ saga: 's-0', actor: 'ann', reason: 'enough' }])
  expect(state.liveSagas).toBe(1)
})

test('a saga that is quarantined leaves its inputs as dead letters, and the others alone', () => {
  const { begin, wait, take, state } = rig()
  begin(2)
  take()
  state.stop('s-0', { why: 'its events cannot be folded', since: 0 })
  wait(start('s-0', 2), start('s-1', 3))
  const turn = take(STOCK_DUE)
  expect(turn.dead).toEqual([
    expect.objectContaining({ reason: 'saga-quarantined', message: 'its events cannot be folded' }),
  ])
  expect(turn.inputs.ignored).toEqual({ 'duplicate-start': 1 })
  expect(typesOf(turn)).toHaveLength(1)
})

/** A definition that a decision can be broken with, and mended. */
function breakable() {
  let isBroken = false
  const definition: Definition = {
    ...fulfil,
    get steps() {
      if (isBroken) throw new Error('a bug of the engine')
      return fulfil.steps
    },
  }
  definitionHash(definition)
  const broken = (now: boolean) => {
    isBroken = now
  }
  return { ...rig({}, definition), broken }
}

const retry = (id: string, offset: number): LogRecord => {
  const act = {
    kind: 'retry',
    sagaId: sagaId(id),
    requestId: `retry-${offset}`,
    actor: 'ann',
    reason: 'mended',
  } as const
  return delivered(clientCommandRecord(act, { at: 0, source: '/test' }), BigInt(offset), 'kasaga.commands')
}

const putBack = (record: LogRecord): LogRecord => {
  return delivered({ ...record, headers: [...record.headers, ['dlq-redrive-count', '1']] }, record.offset, record.topic)
}

describe('a saga that nothing can be decided for', () => {
  const why = 'a bug of the engine'

  test('is told at once, with why and since when, and the others go on', () => {
    const { begin, take, state, broken } = breakable()
    begin(2)
    expect(take().quarantined).toEqual(new Map())
    broken(true)
    const turn = take(STOCK_DUE)
    expect(turn.quarantined).toEqual(new Map(['s-0', 's-1'].map((id) => [id, why])))
    expect([turn.events, state.stopped.get('s-1'), state.due.earliest()]).toEqual([
      [],
      { why, since: STOCK_DUE },
      undefined,
    ])
    // Nothing is tried again by itself.
    expect(take(STOCK_DUE + 1).quarantined).toEqual(new Map())
  })

  test('is tried again when a person says so: what was due is done then, and the saga goes on', () => {
    const { begin, wait, take, state, broken } = breakable()
    begin(1)
    take()
    const due = state.due.earliest()
    broken(true)
    take(STOCK_DUE)
    wait(retry('s-0', 1))
    const still = take(STOCK_DUE + 1)
    expect([still.triedAgain, still.events, state.liveSagas]).toEqual([['s-0'], [], 1])
    // What had been due is due again, and breaks as it did.
    expect([...take(STOCK_DUE + 2).quarantined.keys()]).toEqual(['s-0'])
    expect([state.liveSagas, state.stopped.get('s-0')?.since]).toEqual([0, STOCK_DUE + 2])

    broken(false)
    wait(retry('s-0', 2))
    const mended = take(STOCK_DUE + 3)
    expect([mended.triedAgain, mended.dead, mended.inputs.ignored]).toEqual([['s-0'], [], { 'not-stuck': 1 }])
    expect([state.quarantined.size, state.liveSagas, state.due.earliest()]).toEqual([0, 1, due])
    expect(typesOf(take(STOCK_DUE + 4))).toContain('kasaga.step-failed.v1')
  })

  test('is tried again by what is put back to it, which is a dead letter once more where that breaks it too', () => {
    const { begin, wait, take, state, broken } = breakable()
    begin(1)
    take()
    broken(true)
    take(STOCK_DUE)
    const again = start('s-0', 1)
    wait(again)
    expect(take().dead.map(({ reason }) => reason)).toEqual(['saga-quarantined'])
    const cancel = { kind: 'cancel', sagaId: sagaId('s-0'), requestId: 'c', actor: 'ann', reason: 'r' } as const
    const record = delivered(clientCommandRecord(cancel, { at: 0, source: '/test' }), 2n, 'kasaga.commands')
    wait(putBack(record))
    const still = take()
    expect([still.triedAgain, still.dead.map(({ message }) => message), state.stopped.size]).toEqual([
      ['s-0'],
      [why],
      1,
    ])
    broken(false)
    wait(putBack(record))
    expect(typesOf(take())).toContain('kasaga.compensation-started.v1')
    expect(state.quarantined.size).toBe(0)
  })

  test('and that has never begun is looked at with each start by itself', () => {
    const { begin, take, state, broken } = breakable()
    broken(true)
    begin(1)
    expect(take().dead.map(({ reason, message }) => [reason, message])).toEqual([['saga-quarantined', why]])
    expect(state.quarantined.size).toBe(0)
    broken(false)
    begin(1)
    expect(typesOf(take())).toContain('kasaga.saga-started.v1')
  })
})

test('a saga whose events cannot be folded is not tried again by anybody', () => {
  const { begin, wait, take, state } = rig()
  begin(1)
  take()
  const envelope = { sagaId: sagaId('s-0'), seq: 9, at: 0, causationId: 'c' } as const
  const torn = { ...envelope, event: { type: 'saga-completed', output: null } } as const
  const record = delivered(eventRecord(torn, '/test'), 9n, 'kasaga.events')
  const event = { decoded: { kind: 'event', envelope: torn }, record } as const
  state.replay({ header: { format: 1 }, events: [event] } as never)
  expect(state.quarantined.has('s-0')).toBe(true)
  wait(retry('s-0', 1), putBack(start('s-0', 2)))
  const turn = take()
  expect([turn.dead.length, turn.triedAgain, state.quarantined.size]).toEqual([2, [], 1])
})

test('a saga of an old log whose open step is gone from its definition waits without a timer, and says why', () => {
  const { begin, wait, take, state } = rig()
  begin(1)
  take()
  const saga = state.live(sagaId('s-0'))
  if (!saga) throw new Error('it has started')

  // An old log does not say which plan it was.
  const { definitionHash: _, ...old } = saga
  const changed = rig({}, { ...fulfil, steps: fulfil.steps.filter(({ name }) => name !== 'stock') })
  changed.state.keep(old, undefined)
  expect(changed.state.due.earliest()).toBe(STOCK_DUE)
  const turn = changed.take(STOCK_DUE)
  expect(turn.stalled).toEqual([{ saga: 's-0', why: expect.stringContaining('fulfil version 1 has no step for it') }])
  expect({ events: turn.events, due: changed.state.due.earliest() }).toEqual({ events: [], due: undefined })
  // It is there still, for whoever mends the definition.
  expect(changed.state.live(sagaId('s-0'))).toEqual(old)
  changed.wait(start('s-1', 0))
  expect(changed.take(STOCK_DUE).stalled).toEqual([])

  wait()
  expect(take(STOCK_DUE).stalled).toEqual([])
})

describe('a saga whose plan is another one here, under the same version', () => {
  const cancel = (offset: number) => {
    const act = { kind: 'cancel', sagaId: sagaId('s-0'), requestId: 'c', actor: 'ann', reason: 'so' } as const
    return delivered(clientCommandRecord(act, { at: 0, source: '/test' }), BigInt(offset), 'kasaga.commands')
  }
  const started = () => {
    const { begin, take, state } = rig()
    begin(1)
    take()
    const saga = state.live(sagaId('s-0'))
    if (!saga) throw new Error('it has started')
    return saga
  }
  const changed = { ...fulfil, deadlineMs: 5_000 }

  it('says in its start which plan it runs on', () => expect(started().definitionHash).toBe(definitionHash(fulfil)))

  it('is not decided for: inputs become dead letters, no timer is due, and it is counted', () => {
    const saga = started()
    const here = rig({}, changed)
    here.state.keep(saga, undefined)
    here.wait(cancel(0))
    const turn = here.take(STOCK_DUE)
    expect(turn.dead.map(({ reason }) => reason)).toEqual(['definition-changed'])
    expect({ events: turn.events, stalled: turn.stalled, due: here.state.due.earliest() }).toEqual({
      events: [],
      stalled: [],
      due: undefined,
    })
    expect(here.state.live(sagaId('s-0'))).toBe(saga)
    const missing = { definition: 'fulfil', version: 1, hash: definitionHash(fulfil), sagas: 1 }
    expect(here.state.withoutPlan.missing()).toEqual([missing])
  })

  it('can be killed all the same, and is not waited for any more', () => {
    const here = rig({}, changed)
    here.state.keep(started(), undefined)
    const kill = { kind: 'kill', sagaId: sagaId('s-0'), requestId: 'k', actor: 'ann', reason: 'lost' } as const
    here.wait(delivered(clientCommandRecord(kill, { at: 0, source: '/test' }), 0n, 'kasaga.commands'))
    expect(here.take().killed).toEqual([{ saga: 's-0', actor: 'ann', reason: 'lost' }])
    expect({ missing: here.state.withoutPlan.size, live: here.state.liveSagas }).toEqual({ missing: 0, live: 0 })
  })

  it('goes on with its own plan, and others start on the plan that is here', () => {
    const saga = started()
    const back = rig()
    back.state.keep(saga, undefined)
    expect(back.state.withoutPlan.size).toBe(0)
    back.wait(cancel(0))
    expect(back.take().inputs.applied).toBe(1)

    const here = rig({}, changed)
    here.begin(1)
    here.take()
    expect(here.state.live(sagaId('s-0'))?.definitionHash).toBe(definitionHash(changed))
  })

  it('waits the same where no plan of its version is known, and its timer fires once there is one', () => {
    const saga = started()
    const without = rig({}, { ...fulfil, version: 2 })
    without.state.keep(saga, undefined)
    without.wait(cancel(0))
    expect(without.take(STOCK_DUE).dead.map(({ reason }) => reason)).toEqual(['unknown-definition'])
    expect(without.state.due.earliest()).toBeUndefined()
    expect(without.state.withoutPlan.size).toBe(1)

    const back = rig()
    back.state.keep(saga, undefined)
    expect(back.state.due.earliest()).toBe(STOCK_DUE)
    expect(typesOf(back.take(STOCK_DUE))).toContain('kasaga.step-failed.v1')
  })
})

test('an attribute whose mapping fails stops no saga, and is told once for each start', () => {
  const from = () => {
    throw new Error('no customer')
  }
  const { begin, take, state } = rig({}, { ...fulfil, attributes: { customer: { type: 'text', from } } })
  begin(2)
  const missed = { definition: 'fulfil', attribute: 'customer' }
  expect(take().missed).toEqual([missed, missed])
  expect(state.liveSagas).toBe(2)
  const none = rig({}, { ...fulfil, attributes: { customer: { type: 'text', from: () => undefined } } })
  none.begin(1)
  expect(none.take().missed).toEqual([])
})
