/** What persons ask of single steps, and what every act is in every status. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { sagaId } from '../../../../shared/message/ids.ts'
import { signal } from '../../../../shared/saga/builder.ts'
import type { SagaInput } from '../../../../shared/saga/input.ts'
import type { SagaStatus } from '../../../../shared/saga/state.ts'
import { nextDueAt } from '../../../../shared/saga/timers.ts'
import { stepAt } from '../../../../shared/saga/tree.ts'
import { Play } from '../../../support/play.ts'
import { begin, shop, what } from './shop.ts'

const order = begin()
  .step('hold', shop.do, what('hold'))
  .undo(shop.undo, what('hold'))
  .pivot('charge', shop.do, ({ input }) => ({ what: (input as { card: string }).card.trim() }))
  .step('ship', shop.do, what('ship'))
  .step('tell', shop.do, what('tell'))
  .output(({ charge, ship }) => [charge.of, ship.of])

/** The pivot is given up: nobody knows whether it was done. */
function unknownPivot(): Play {
  const play = new Play(order)
  play.start({ card: 'c' })
  play.answer('hold')
  play.answer('charge', 'fatal')
  return play
}

/** The mapping of the pivot throws: it was never sent. */
function brokenPivot(): Play {
  const play = new Play(order)
  play.start({})
  play.answer('hold')
  return play
}

function refusedShip(): Play {
  const play = unknownPivot()
  play.ask({ kind: 'resolve', step: 'charge', as: 'done', output: { of: 'card' } })
  play.answer('ship', 'rejected')
  return play
}

const statusOf = (play: Play, path: string) => play.state && stepAt(play.state, path)?.status

describe('a retry of one step', () => {
  const pair = begin()
    .step('a', shop.do, what('a'))
    .undoByHand('take a back')
    .after()
    .step('b', shop.do, what('b'))
    .undoByHand('take b back')
    .after('a', 'b')
    .step('c', shop.do, what('c'))
    .end()
  it('leaves the others parked', () => {
    const play = new Play(pair)
    play.start()
    for (const step of ['a', 'b']) play.answer(step)
    play.answer('c', 'rejected')
    expect(play.state?.parked).toHaveLength(2)
    expect(play.ask({ kind: 'retry', step: 'a' })).toMatchObject({
      events: [
        { type: 'retry-requested', step: 'a' },
        { type: 'saga-stuck', step: 'a' },
      ],
    })
    expect(play.state?.parked.map(({ step }) => step)).toEqual(['b', 'a'])
  })
  it('is refused where the step is not parked', () => {
    expect(unknownPivot().ask({ kind: 'retry', step: 'hold' })).toMatchObject({
      kind: 'refused',
      reason: 'not-parked',
      message:
        'hold waits for no person; legal now: retry, kill; of charge: retry, skip, resolve as done or failed, edit',
    })
  })
  it('has no second effect under the same request id', () => {
    const play = unknownPivot()
    play.ask({ kind: 'retry', step: 'charge' }, 'r')
    play.answer('charge', 'fatal')
    expect(play.ask({ kind: 'retry', step: 'charge' }, 'r')).toEqual({ kind: 'ignored', reason: 'duplicate-request' })
  })
})

describe('a pivot whose outcome is unknown', () => {
  it('is past when a person says that it was done', () => {
    const play = unknownPivot()
    play.ask({ kind: 'resolve', step: 'charge', as: 'done', output: { of: 'card' } })
    expect(play.open).toEqual(['ship'])
    expect(play.act('cancel')).toMatchObject({ events: [{ type: 'cancel-refused', why: 'past-pivot' }] })
    for (const step of ['ship', 'tell']) play.answer(step)
    expect(play.state?.root.output).toEqual(['card', 'ship'])
  })
  it('turns the saga back when a person says that it was not', () => {
    const play = unknownPivot()
    play.ask({ kind: 'resolve', step: 'charge', as: 'failed' })
    expect(play.state?.root.cause).toMatchObject({ kind: 'rejected', step: 'charge', error: { code: 'not-done' } })
    play.undone('hold')
    expect(play.status).toBe('compensated')
  })
  it('is not skipped as not done: what comes after it could not be undone', () => {
    const skipped = { kind: 'skip', step: 'charge', output: { of: 'card' }, notDone: true } as const
    expect(unknownPivot().ask(skipped)).toMatchObject({ kind: 'refused', reason: 'not-now' })
    expect(brokenPivot().ask(skipped)).toMatchObject({ kind: 'refused', reason: 'not-now' })
  })
  it('is not undone by hand: it is not on its way back', () => {
    expect(unknownPivot().ask({ kind: 'resolve', step: 'charge' })).toMatchObject({ reason: 'not-parked' })
  })
  it('wants a result that fits the contract', () => {
    const play = unknownPivot()
    const decision = play.ask({ kind: 'resolve', step: 'charge', as: 'done', output: { of: 3 } })
    expect(decision).toMatchObject({ kind: 'refused', reason: 'invalid-result' })
    expect(play.status).toBe('stuck')
  })
})

describe('a step that was refused', () => {
  it('stays parked when a person says that it failed, which is known', () => {
    expect(refusedShip().ask({ kind: 'resolve', step: 'ship', as: 'failed' })).toMatchObject({ reason: 'not-now' })
    expect(refusedShip().ask({ kind: 'resolve', step: 'ship', as: 'done', output: { of: 'x' } })).toMatchObject({
      reason: 'not-now',
    })
  })
  it('is skipped with a result', () => {
    const play = refusedShip()
    play.ask({ kind: 'skip', step: 'ship', output: { of: 'a friend' } })
    play.answer('tell')
    expect(play.state?.root.output).toEqual(['card', 'a friend'])
  })
  it('is sent with another payload, also when that is tried again', () => {
    const play = refusedShip()
    play.ask({ kind: 'edit', step: 'ship', payload: { what: 'by boat' } })
    play.answer('ship', 'failed')
    play.fire()
    const sent = play.effects.flatMap((one) =>
      one.kind === 'send' && one.command.step === 'ship' ? [one.command] : [],
    )
    expect(sent.map(({ payload, attempt }) => [payload, attempt])).toEqual([
      [{ what: 'ship' }, 1],
      [{ what: 'by boat' }, 2],
      [{ what: 'by boat' }, 3],
    ])
  })
  it('is not sent with a payload that does not fit', () => {
    const decision = refusedShip().ask({ kind: 'edit', step: 'ship', payload: 'by boat' })
    expect(decision).toMatchObject({ kind: 'refused', reason: 'invalid-payload' })
  })
})

describe('a step whose mapping threw', () => {
  it('is sent with a payload that a person gives', () => {
    const play = brokenPivot()
    play.ask({ kind: 'edit', step: 'charge', payload: { what: 'cash' } })
    expect(play.open).toEqual(['charge'])
  })
  it('turns the saga back when a person says that it was not done', () => {
    const play = brokenPivot()
    play.ask({ kind: 'resolve', step: 'charge', as: 'failed' })
    expect(play.open).toEqual(['undo hold'])
  })
  it('cannot be said to be done: it was not asked for', () => {
    const decision = brokenPivot().ask({ kind: 'resolve', step: 'charge', as: 'done', output: { of: 'x' } })
    expect(decision).toMatchObject({ reason: 'not-now' })
  })
})

describe('a skip', () => {
  const plan = begin()
    .step('a', shop.do, what('a'))
    .undo(shop.undo, what('a'))
    .waitFor('paid', signal('paid', z.object({ by: z.string() })), { deadline: '1 day', atDeadline: 'turn-back' })
    .sleep('rest', '1 day')
    .approve('boss', { roles: ['boss'], answers: ['yes', 'no'], turnBackOn: ['no'] })
    .end()
  const begun = () => {
    const play = new Play(plan)
    play.start()
    return play
  }
  it('of a command that is out makes its answer one too many, and its undo due', () => {
    const play = begun()
    play.ask({ kind: 'skip', step: 'a', output: { of: 'me' } })
    expect(play.answer('a')).toEqual({ kind: 'ignored', reason: 'step-not-open' })
    play.act('cancel')
    expect(play.open).toEqual(['undo a'])
  })
  it('of a command that is out cannot say that nothing is done', () => {
    const decision = begun().ask({ kind: 'skip', step: 'a', output: { of: 'me' }, notDone: true })
    expect(decision).toMatchObject({ kind: 'refused', reason: 'not-now' })
  })
  it('ends waits with what fits them, but no approval', () => {
    const play = begun()
    play.answer('a')
    expect(play.ask({ kind: 'skip', step: 'paid', output: null })).toMatchObject({ reason: 'invalid-result' })
    play.ask({ kind: 'skip', step: 'paid', output: { by: 'ann' } })
    play.ask({ kind: 'skip', step: 'rest', output: null })
    expect(statusOf(play, 'boss')).toBe('waiting')
    expect(play.ask({ kind: 'skip', step: 'boss', output: { answer: 'yes' } })).toMatchObject({ reason: 'not-now' })
  })
  it('of a step that is not there, or is done, is refused', () => {
    const play = begun()
    expect(play.ask({ kind: 'skip', step: 'nowhere', output: null })).toMatchObject({ reason: 'unknown-step' })
    expect(play.ask({ kind: 'skip', step: 'rest', output: null })).toMatchObject({ reason: 'not-now' })
    play.answer('a')
    expect(play.ask({ kind: 'skip', step: 'a', output: { of: 'me' } })).toMatchObject({ reason: 'not-now' })
  })
  it('with nothing done leaves nothing to undo', () => {
    const broken = begin()
      .step('a', shop.do, () => {
        throw new Error('a bug')
      })
      .undo(shop.undo, what('a'))
      .step('b', shop.do, what('b'))
      .end()
    const play = new Play(broken)
    play.start()
    play.ask({ kind: 'skip', step: 'a', output: { of: 'nobody' }, notDone: true })
    play.answer('b', 'rejected')
    expect(play.status).toBe('compensated')
  })
})

describe('a pause', () => {
  const going = () => {
    const play = new Play(order)
    play.start({ card: 'c' })
    return play
  }
  const pause = (play: Play, timers: 'hold' | 'run' = 'hold') => play.give({ kind: 'pause', timers, ...by(play) })
  const resume = (play: Play) => play.give({ kind: 'resume', ...by(play), requestId: 'resume' })
  it('takes answers, begins nothing, and on resume finds what was left', () => {
    const play = going()
    pause(play)
    expect(play.answer('hold')).toMatchObject({ events: [{ type: 'step-succeeded' }] })
    expect(play).toMatchObject({ status: 'paused', open: [] })
    resume(play)
    expect(play).toMatchObject({ status: 'running', open: ['charge'] })
  })
  it('holds timers, which fire on resume', () => {
    const play = going()
    pause(play)
    play.now += 1e9
    expect(play.give({ kind: 'timer', sagaId: play.id })).toEqual({ kind: 'ignored', reason: 'nothing-due' })
    expect(play.state && nextDueAt(order, play.state)).toBeUndefined()
    resume(play)
    expect(play.fire()).toMatchObject({ events: [{ type: 'step-failed', error: { kind: 'timeout' } }] })
  })
  it('lets timers run when told so, and tries nothing again', () => {
    const play = going()
    pause(play, 'run')
    expect(play.fire()).toMatchObject({ events: [{ type: 'step-failed' }] })
    expect(play.state && nextDueAt(order, play.state)).toBeUndefined()
    expect(play).toMatchObject({ status: 'paused', open: [] })
    resume(play)
    expect(play.fire()).toMatchObject({ events: [{ type: 'step-requested', attempt: 2 }] })
  })
  it('takes a cancel, and begins the way back on resume', () => {
    const play = going()
    pause(play)
    play.act('cancel')
    expect(play).toMatchObject({ status: 'paused', open: [] })
    resume(play)
    expect(play.open).toEqual(['undo hold'])
  })
})

/** A saga in each status. */
const IN: { readonly [Status in SagaStatus]: () => Play } = {
  running: () => {
    const play = new Play(order)
    play.start({ card: 'c' })
    return play
  },
  compensating: () => {
    const play = IN.running()
    play.act('cancel')
    return play
  },
  stuck: unknownPivot,
  paused: () => {
    const play = IN.stuck()
    play.give({ kind: 'pause', ...by(play), requestId: 'paused' })
    return play
  },
  completed: () => {
    const play = refusedShip()
    play.ask({ kind: 'skip', step: 'ship', output: { of: 'x' } })
    play.answer('tell')
    return play
  },
  compensated: () => {
    const play = IN.compensating()
    play.undone('hold')
    return play
  },
  failed: () => {
    const play = IN.running()
    play.act('kill')
    return play
  },
}

const by = (play: Play) => ({ sagaId: play.id, requestId: 'table', actor: 'ann', reason: 'so' })
const ACTS = {
  pause: (play: Play): SagaInput => ({ kind: 'pause', ...by(play) }),
  resume: (play: Play): SagaInput => ({ kind: 'resume', ...by(play) }),
  cancel: (play: Play): SagaInput => ({ kind: 'cancel', ...by(play) }),
  kill: (play: Play): SagaInput => ({ kind: 'kill', ...by(play) }),
  retry: (play: Play): SagaInput => ({ kind: 'retry', ...by(play) }),
  'retry of charge': (play: Play): SagaInput => ({ kind: 'retry', step: 'charge', ...by(play) }),
  'skip of charge': (play: Play): SagaInput => ({ kind: 'skip', step: 'charge', output: { of: 'x' }, ...by(play) }),
  'skip of hold': (play: Play): SagaInput => ({ kind: 'skip', step: 'hold', output: { of: 'x' }, ...by(play) }),
  undone: (play: Play): SagaInput => ({ kind: 'resolve', step: 'charge', ...by(play) }),
  done: (play: Play): SagaInput => ({ kind: 'resolve', step: 'charge', as: 'done', output: { of: 'x' }, ...by(play) }),
  failed: (play: Play): SagaInput => ({ kind: 'resolve', step: 'charge', as: 'failed', ...by(play) }),
  fork: (play: Play): SagaInput => ({ kind: 'fork', step: 'charge', fork: sagaId('fork-1'), ...by(play) }),
  edit: (play: Play): SagaInput => ({ kind: 'edit', step: 'charge', payload: { what: 'x' }, ...by(play) }),
}

/** What is said to each act: `taken`, or the reason why not. */
const SAID: { readonly [Act in keyof typeof ACTS]: Readonly<Record<SagaStatus, string>> } = {
  pause: said('taken', 'taken', 'taken', 'already-paused'),
  resume: said('not-paused', 'not-paused', 'not-paused', 'taken'),
  cancel: said('taken', 'already-compensating', 'taken', 'taken'),
  kill: said('taken', 'taken', 'taken', 'taken'),
  retry: said('not-stuck', 'not-stuck', 'taken', 'not-now'),
  'retry of charge': said('not-stuck', 'not-stuck', 'taken', 'not-now'),
  'skip of charge': said('not-now', 'not-now', 'taken', 'taken'),
  'skip of hold': said('taken', 'not-now', 'not-now', 'not-now'),
  undone: said('not-parked', 'not-parked', 'not-parked', 'not-parked'),
  done: said('not-parked', 'not-parked', 'taken', 'taken'),
  failed: said('not-parked', 'not-parked', 'taken', 'taken'),
  fork: { ...said('taken', 'taken', 'taken', 'taken'), completed: 'taken', compensated: 'taken', failed: 'taken' },
  edit: said('not-parked', 'not-parked', 'taken', 'not-now'),
}

function said(...[running, compensating, stuck, paused]: [string, string, string, string]): Record<SagaStatus, string> {
  const over = { completed: 'saga-ended', compensated: 'saga-ended', failed: 'saga-ended' }
  return { running, compensating, stuck, paused, ...over }
}

describe('an act', () => {
  const all = Object.entries(SAID).flatMap(([act, row]) =>
    Object.entries(row).map(([status, answer]) => [act as keyof typeof ACTS, status as SagaStatus, answer] as const),
  )
  it.each(all)('%s of a saga that is %s: %s', (act, status, answer) => {
    const play = IN[status]()
    expect(play.status).toBe(status)
    const decision = play.give(ACTS[act](play))
    expect(decision.kind === 'events' ? 'taken' : decision.reason).toBe(answer)
    if (decision.kind === 'refused') expect(decision.message).toMatch(/; legal now: /)
    if (decision.kind === 'events') expect(play.give(ACTS[act](play)).kind).toBe('ignored')
  })
})
