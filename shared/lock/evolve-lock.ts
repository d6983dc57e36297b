/** `evolveLock(state, event) -> state`: the fold of a lock's events. */
import { assert } from '../message/errors.ts'
import type { LockEnvelope, LockEvent, LockEventType } from '../message/lock-events.ts'
import { ACTS_MAX, type Ask, isOf, type LockState, OVER_MAX, type Over } from './lock-state.ts'

type Fold<Type extends LockEventType> = (
  state: LockState,
  event: Extract<LockEvent, { type: Type }>,
  at: number,
) => LockState

/**
 * Folds one event of the log.
 * @throws InvariantError when the event is not the lock's next, or not legal in the state.
 */
export function evolveLock(state: LockState, { seq, at, event }: LockEnvelope): LockState {
  assert(seq === state.seq + 1, `S1: event ${seq} follows ${state.seq}`)
  return applyToLock(state, event, at)
}

/** Folds an event that is about to be appended: the same fold, before the event has its envelope. */
export function applyToLock(state: LockState, event: LockEvent, at: number): LockState {
  const fold = FOLDS[event.type] as Fold<LockEventType>
  return { ...fold(state, event, at), seq: state.seq + 1 }
}

const FOLDS: { readonly [Type in LockEventType]: Fold<Type> } = {
  'lock-asked': (state, { saga, step, attempt, permits, askedAt }, at) => {
    assert(!state.asks.some((ask) => isOf(ask, { saga, step, attempt })), `S3: ${saga}/${step} asks twice`)
    assert(
      state.asks.length === 0 || state.permits === permits,
      `S3: ${permits} permits while there are ${state.permits}`,
    )
    const ask = { saga, step, attempt, askedAt, since: at, token: undefined, grantedAt: undefined }
    return { ...state, permits, asks: [...state.asks, ask] }
  },
  'lock-granted': (state, { token, ...asker }, at) => {
    const index = state.asks.findIndex((ask) => isOf(ask, asker))
    const ask = state.asks[index]
    assert(ask !== undefined && ask.token === undefined, `S3: ${asker.saga}/${asker.step} does not wait`)
    const asks = state.asks.with(index, { ...ask, token, grantedAt: at })
    return { ...state, asks, token: Math.max(state.token, token) }
  },
  'lock-refused': (state, { saga, step, attempt, askedAt }) => remembered(state, [{ saga, step, attempt, askedAt }]),
  'lock-freed': (state, { type: _type, ...over }) =>
    remembered(
      without(state, (ask) => isOf(ask, over)),
      [over],
    ),
  'lock-left': (state, { saga, askedAt }) =>
    remembered(
      without(state, (ask) => ask.saga === saga),
      [{ saga, step: undefined, attempt: undefined, askedAt }],
    ),
  'lock-taken-away': (state, { saga, requestId }) => {
    const taken = state.asks.filter((ask) => ask.saga === saga)
    assert(taken.length > 0, `S3: ${saga} does not ask`)
    const after = remembered(
      without(state, (ask) => ask.saga === saga),
      taken,
    )
    return { ...after, acts: [...state.acts, requestId].slice(-ACTS_MAX) }
  },
}

function without(state: LockState, isGone: (ask: Ask) => boolean): LockState {
  return { ...state, asks: state.asks.filter((ask) => !isGone(ask)) }
}

/** With more asks that are over. What is remembered no more one by one is so by the newest time that it was asked at. */
function remembered(state: LockState, more: readonly Over[]): LockState {
  const news = more
    .filter(({ askedAt }) => askedAt > state.overThrough)
    .map(({ saga, step, attempt, askedAt }) => ({ saga, step, attempt, askedAt }))
  const all = [...state.over, ...news]
  const dropped = all.slice(0, Math.max(0, all.length - OVER_MAX))
  const overThrough = dropped.reduce((max, { askedAt }) => Math.max(max, askedAt), state.overThrough)
  return { ...state, over: all.slice(dropped.length), overThrough }
}
