/**
 * How a fork is handed in. The rule is asked here first, of what the views say that the origin did: what is not possible is
 * refused at once. While the origin lives its owner then decides, on the state that it has. One that has ended changes no
 * more, and its owner remembers only its end; so its fork is started by itself, as that owner would have.
 *
 * Guarantee: where the views come as far in time, an answer without a problem means that the fork is in the log.
 */
import type { Place } from '../../shared/client/place.ts'
import { jsonLimitsFor } from '../../shared/message/claim.ts'
import type { ClientCommand } from '../../shared/message/client-command-record.ts'
import type { EventEnvelope, SagaEvent } from '../../shared/message/events.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import { forkCommand } from '../../shared/runtime/effect-record.ts'
import { inputHash } from '../../shared/runtime/input-hash.ts'
import { plansFor } from '../../shared/runtime/plans-for.ts'
import { decide, isChanged } from '../../shared/saga/decide.ts'
import { effectsOf } from '../../shared/saga/effects.ts'
import { hashedOf } from '../../shared/saga/fork.ts'
import type { InputOf, RefusedReason } from '../../shared/saga/input.ts'
import { isLive, type SagaState } from '../../shared/saga/state.ts'
import type { Parts } from './app.ts'
import { forkOf, isShort, stateOf } from './origin-history.ts'
import { Problem } from './problem.ts'
import type { RecentStarts } from './recent-starts.ts'
import { untilShown } from './view-place.ts'
import type { ViewWaits } from './view-waits.ts'

export type AskedFork = InputOf<'fork'>
type ForkStart = Extract<ClientCommand, { kind: 'start' }>

export interface ForkDesk extends Pick<Parts, 'client' | 'definitions' | 'reads' | 'clock' | 'limits'> {
  readonly broker: Broker
  readonly waits: ViewWaits
  readonly recent: RecentStarts
}

/**
 * Puts it into the log; answers where. The same request again is the same fork.
 * @throws Problem where it is not possible, with the reason that an orchestrator would give.
 */
export async function handIn(desk: ForkDesk, asked: AskedFork): Promise<Place> {
  const { reads, recent } = desk
  const { sagaId: id, fork } = asked
  const [origin, taken] = await Promise.all([reads.saga(id), reads.saga(fork)])
  if (!origin && !recent.get(id)?.place) throw new Problem(404, 'unknown-saga', `there is no saga ${id}`)
  if (taken && taken.origin_saga_id !== id) throw isTaken(asked)
  const state = origin && (origin.ended_at !== null || isShort(origin)) ? await stateOf(id, desk) : undefined
  if (state && !isLive(state)) return startOf(desk, asked, state)
  if (state && knowsPlan(desk, asked, state)) decided(desk, asked, state)
  return askOrigin(desk, asked)
}

/** Orchestrators may know what this gateway does not: they are asked. */
function knowsPlan({ definitions }: ForkDesk, asked: AskedFork, state: SagaState): boolean {
  const { definition, definitionHash, forkOn } = plansFor(definitions, state, asked)
  const isHere = definition !== undefined && !isChanged(state, definitionHash)
  return isHere && (asked.version === undefined || asked.version === state.version || forkOn !== undefined)
}

async function askOrigin(desk: ForkDesk, asked: AskedFork): Promise<Place> {
  const { sagaId: id, requestId, fork } = asked
  if (desk.recent.get(fork)) throw isTaken(asked)
  const place = await desk.client.send(asked)
  if (!(await isShown(desk, place)) || (await desk.reads.forked(id, requestId))) return place
  // Its owner has refused it. What the views show by now says why, or that the saga has ended meanwhile.
  const state = await stateOf(id, desk)
  if (state && !isLive(state)) return startOf(desk, asked, state)
  if (state) decided(desk, asked, state)
  throw refusedThere(id)
}

/** The fork of an origin that has ended, as the origin's owner would start it. */
async function startOf(desk: ForkDesk, asked: AskedFork, state: SagaState): Promise<Place> {
  const event = decided(desk, asked, state)
  const start = event ? newStart(asked, state, event) : await sameStart(desk, asked)
  const { input, origin, given = [] } = start
  if (!origin) throw refusedThere(asked.sagaId)
  const hash = inputHash(hashedOf({ input, origin, given }))
  await refuseTaken(desk, asked, hash)
  const place = await sent(desk, start, hash)
  if (!(await isShown(desk, place))) return place
  await refuseTaken(desk, asked, hash)
  if (!(await desk.reads.saga(asked.fork))) throw refusedThere(asked.fork)
  return place
}

/** What the rule says; `undefined`: it was forked so while it lived. */
function decided(desk: ForkDesk, asked: AskedFork, state: SagaState): SagaEvent | undefined {
  const limits = jsonLimitsFor(desk.broker.claims)
  const plans = plansFor(desk.definitions, state, asked)
  const moment = { now: desk.clock.now(), chance: 0 }
  const decision = decide({ ...plans, limits, known: state, input: asked, moment })
  if (decision.kind === 'refused') throw new Problem(STATUS[decision.reason] ?? 409, decision.reason, decision.message)
  return decision.kind === 'events' ? decision.events[0] : undefined
}

/** Of what is wrong with the request itself; of what stands against it the origin is the one that is at odds. */
const STATUS: Partial<Record<RefusedReason, number>> = {
  'unknown-definition': 422,
  'unknown-step': 422,
  'invalid-input': 422,
  'invalid-given': 422,
}

/** Nothing is added to the origin's history, so its start says who asked, and why. */
function newStart(asked: AskedFork, { seq }: SagaState, event: SagaEvent): ForkStart {
  const { sagaId, requestId, actor, reason } = asked
  const start = startIn({ sagaId, seq, at: 0, causationId: requestId, event })
  return { ...start, requestId, origin: start.origin && { ...start.origin, actor, reason } }
}

async function sameStart(desk: ForkDesk, { sagaId, requestId }: AskedFork): Promise<ForkStart> {
  const event = await forkOf(sagaId, requestId, desk)
  if (!event) throw refusedThere(sagaId)
  return startIn(event)
}

function startIn(envelope: EventEnvelope): ForkStart {
  const [effect] = effectsOf(envelope)
  if (effect?.kind !== 'start-fork') throw new TypeError(`${envelope.event.type} starts no fork`)
  return forkCommand(effect)
}

/** The same start again is the same saga. */
async function refuseTaken({ reads, recent }: ForkDesk, asked: AskedFork, hash: string): Promise<void> {
  const known = (await reads.saga(asked.fork))?.input_hash ?? recent.get(asked.fork)?.hash
  if (known !== undefined && known !== hash) throw isTaken(asked)
}

async function sent({ client, recent }: ForkDesk, start: ForkStart, hash: string): Promise<Place> {
  const claimed = recent.claim(start.sagaId, hash, start.definition)
  try {
    claimed.place = await client.send(start)
    return claimed.place
  } catch (error) {
    recent.forget(start.sagaId, claimed)
    throw error
  }
}

/** `false`: not in time, or too many wait already. The command is in the log all the same. */
async function isShown({ reads, waits, clock, limits }: ForkDesk, place: Place): Promise<boolean> {
  if (!waits.hasRoom) return false
  return (await untilShown({ reads, waits }, place, clock.now() + limits.forkShownMsMax)).found
}

function isTaken({ fork }: AskedFork): Problem {
  return new Problem(409, 'start-conflict', `the id ${fork} is taken by another saga`)
}

function refusedThere(id: string): Problem {
  return new Problem(409, 'not-forked', `the owner of saga ${id} refused it; the dead letter says why`)
}
