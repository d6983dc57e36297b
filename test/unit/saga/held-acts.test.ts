/** What every act of a person is while something waits for its participant. */
import { describe, expect, it } from 'vitest'
import type { SagaInput } from '../../../shared/saga/input.ts'
import type { Play } from '../../support/play.ts'
import { GATED, heldAgain, NONE, plan, started } from './shapes/held.ts'

function pivot(): Play {
  const play = started(plan(), NONE)
  play.answer('a')
  play.gated = GATED
  play.answer('b')
  return play
}

/** A saga in which just one step is held. */
const HELD = {
  'a step': () => started(),
  'a step that was sent before': () => heldAgain(),
  'a pivot': pivot,
  'a pivot that was sent before': () => {
    const play = pivot()
    play.admit()
    play.answer('c', 'failed')
    play.fire()
    return play
  },
  'an undo': () => {
    const play = heldAgain()
    play.act('cancel')
    return play
  },
} as const satisfies Record<string, () => Play>

const by = (play: Play) => ({ sagaId: play.id, requestId: 'table', actor: 'ann', reason: 'so' })
/** About the step that is held. */
const about = (play: Play) => ({ step: play.held[0]?.replace('undo ', '') ?? '', ...by(play) })
const ACTS = {
  pause: (play: Play): SagaInput => ({ kind: 'pause', ...by(play) }),
  resume: (play: Play): SagaInput => ({ kind: 'resume', ...by(play) }),
  cancel: (play: Play): SagaInput => ({ kind: 'cancel', ...by(play) }),
  kill: (play: Play): SagaInput => ({ kind: 'kill', ...by(play) }),
  retry: (play: Play): SagaInput => ({ kind: 'retry', ...about(play) }),
  skip: (play: Play): SagaInput => ({ kind: 'skip', output: { of: 'x' }, ...about(play) }),
  'skip as not done': (play: Play): SagaInput => ({ kind: 'skip', output: { of: 'x' }, notDone: true, ...about(play) }),
  undone: (play: Play): SagaInput => ({ kind: 'resolve', ...about(play) }),
  done: (play: Play): SagaInput => ({ kind: 'resolve', as: 'done', output: { of: 'x' }, ...about(play) }),
  failed: (play: Play): SagaInput => ({ kind: 'resolve', as: 'failed', ...about(play) }),
  edit: (play: Play): SagaInput => ({ kind: 'edit', payload: { what: 'x' }, ...about(play) }),
}

/** What is said to each act, in the order of `HELD`: `taken`, or the reason why not. */
const SAID: { readonly [Act in keyof typeof ACTS]: readonly string[] } = {
  pause: ['taken', 'taken', 'taken', 'taken', 'taken'],
  resume: ['not-paused', 'not-paused', 'not-paused', 'not-paused', 'not-paused'],
  cancel: ['taken', 'taken', 'taken', 'taken', 'already-compensating'],
  kill: ['taken', 'taken', 'taken', 'taken', 'taken'],
  retry: ['not-stuck', 'not-stuck', 'not-stuck', 'not-stuck', 'not-stuck'],
  skip: ['taken', 'taken', 'taken', 'taken', 'not-now'],
  // The pivot is never skipped as not done: what comes after it cannot be undone.
  'skip as not done': ['taken', 'not-now', 'not-now', 'not-now', 'not-now'],
  undone: ['not-parked', 'not-parked', 'not-parked', 'not-parked', 'not-parked'],
  done: ['not-parked', 'not-parked', 'not-parked', 'not-parked', 'not-parked'],
  failed: ['not-parked', 'not-parked', 'not-parked', 'not-parked', 'not-parked'],
  edit: ['not-parked', 'not-parked', 'not-parked', 'not-parked', 'not-parked'],
}

describe('an act', () => {
  const all = Object.entries(SAID).flatMap(([act, row]) =>
    Object.keys(HELD).map((what, i) => [act as keyof typeof ACTS, what as keyof typeof HELD, row[i]] as const),
  )
  it.each(all)('%s while %s is held: %s', (act, what, answer) => {
    const play = HELD[what]()
    expect(play.held).toHaveLength(1)
    const input = ACTS[act](play)
    const decision = play.give(input)
    expect(decision.kind === 'events' ? 'taken' : decision.reason).toBe(answer)
    if (decision.kind === 'refused') expect(decision.message).toMatch(/; legal now: /)
    if (decision.kind === 'refused' && decision.reason === 'not-parked')
      expect(decision.message).toContain('waits for the participant shop, and for no person')
    if (decision.kind === 'events') expect(play.give(input).kind).toBe('ignored')
  })
})
