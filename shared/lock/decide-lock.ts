/**
 * `decideLock(state, command)`: who holds a lock. Pure, and without a clock: how long a saga waits is its own business.
 * Strictly in order of arrival: a saga that asks waits behind all that wait, also where they need no more than it does.
 */
import type { LockCommand } from '../message/lock-command.ts'
import type { Asker, LockEvent } from '../message/lock-events.ts'
import { applyToLock } from './evolve-lock.ts'
import { ASKS_MAX, isOf, isOver, type LockState } from './lock-state.ts'

export type LockDecision =
  | { readonly kind: 'events'; readonly events: readonly LockEvent[] }
  | { readonly kind: 'ignored'; readonly reason: LockIgnored }
  | { readonly kind: 'refused'; readonly reason: 'not-held'; readonly message: string }

/** Why a command to a lock changes nothing. Counted by name. */
export type LockIgnored = 'duplicate-ask' | 'ask-over' | 'duplicate-request'

type CommandOf<Kind extends LockCommand['kind']> = Extract<LockCommand, { kind: Kind }>

/** Decides one command to a lock. Never throws for what a command can say. */
export function decideLock(state: LockState, command: LockCommand): LockDecision {
  switch (command.kind) {
    case 'ask':
      return ask(state, command)
    case 'free':
      return free(state, command)
    case 'leave':
      return leave(state, command)
    case 'take-away':
      return takeAway(state, command)
  }
}

function ignored(reason: LockIgnored): LockDecision {
  return { kind: 'ignored', reason }
}

/** The event, and the grants that it makes room for. */
function followed(state: LockState, event: LockEvent): LockDecision {
  return { kind: 'events', events: [event, ...grants(applyToLock(state, event, 0))] }
}

function ask(state: LockState, { asker, permits, askedAt }: CommandOf<'ask'>): LockDecision {
  if (state.asks.some((one) => isOf(one, asker))) return ignored('duplicate-ask')
  if (isOver(state, asker)) return ignored('ask-over')
  const refusal = refusalOf(state, permits, askedAt)
  if (refusal) return { kind: 'events', events: [{ type: 'lock-refused', ...asker, askedAt, ...refusal }] }
  return followed(state, { type: 'lock-asked', ...asker, permits, askedAt })
}

type Refusal = Pick<Extract<LockEvent, { type: 'lock-refused' }>, 'outcome' | 'code' | 'message'>

function refusalOf(state: LockState, permits: number, askedAt: number): Refusal | undefined {
  if (askedAt <= state.overThrough) {
    const message = 'the ask came so late that it may be a copy of one that is over: ask again'
    return { outcome: 'failed', code: 'asked-late', message }
  }
  if (state.asks.length >= ASKS_MAX)
    return { outcome: 'rejected', code: 'lock-full', message: `${ASKS_MAX} asks hold the lock or wait for it` }
  if (state.asks.length === 0 || state.permits === permits) return undefined
  const message = `those that hold it or wait say ${state.permits} permits, and this one ${permits}`
  return { outcome: 'rejected', code: 'permits-differ', message }
}

/** One that is over is remembered also where it never came: a copy of it may. */
function free(state: LockState, { asker, askedAt }: CommandOf<'free'>): LockDecision {
  if (isOver(state, asker)) return ignored('ask-over')
  const open = state.asks.find((one) => isOf(one, asker))
  return followed(state, { type: 'lock-freed', ...asker, askedAt: open?.askedAt ?? askedAt })
}

function leave(state: LockState, { saga, askedAt }: CommandOf<'leave'>): LockDecision {
  if (state.over.some((one) => one.saga === saga && one.step === undefined)) return ignored('ask-over')
  const own = state.asks.filter((one) => one.saga === saga).map((one) => one.askedAt)
  return followed(state, { type: 'lock-left', saga, askedAt: own.length > 0 ? Math.max(...own) : askedAt })
}

function takeAway(state: LockState, { saga, requestId, actor, reason }: CommandOf<'take-away'>): LockDecision {
  if (state.acts.includes(requestId)) return ignored('duplicate-request')
  if (!state.asks.some((one) => one.saga === saga))
    return { kind: 'refused', reason: 'not-held', message: `${saga} neither holds ${state.id} nor waits for it` }
  return followed(state, { type: 'lock-taken-away', saga, requestId, actor, reason })
}

/** What may be granted now: all asks of a saga that holds it, and those of the first that wait, while there are permits. */
function grants(state: LockState): LockEvent[] {
  const tokens = new Map<string, number>()
  for (const { saga, token } of state.asks) if (token !== undefined) tokens.set(saga, token)
  const granted: LockEvent[] = []
  let newest = state.token
  for (const one of state.asks) {
    if (one.token !== undefined) continue
    if (!tokens.has(one.saga) && tokens.size < state.permits) tokens.set(one.saga, ++newest)
    const token = tokens.get(one.saga)
    if (token !== undefined) granted.push(granting(one, token))
  }
  return granted
}

function granting({ saga, step, attempt }: Asker, token: number): LockEvent {
  return { type: 'lock-granted', saga, step, attempt, token }
}
