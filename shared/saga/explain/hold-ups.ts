/** What holds up what a saga waits for, from what is known around it. */
import type { StepState } from '../state.ts'
import type { Awaited } from './waits.ts'

/** A participant, as far as it says why a step is not sent or not answered. */
export interface ParticipantAround {
  /** Calls at one time, and a second; absent: no limit. */
  readonly concurrency?: number | undefined
  readonly ratePerSecond?: number | undefined
  readonly inFlight: number
  /** Steps that wait for it. */
  readonly held: number
  /** Since when its breaker is open; absent: it is closed. */
  readonly breakerOpenSince?: number | undefined
}

export interface HolderAround {
  readonly saga: string
  readonly since: number
}

/** What a saga's own events do not say. What is not known is left out. */
export interface AroundSaga {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Since when a step waits, by path; what is parked under `!` and its path. */
  readonly since: ReadonlyMap<string, number>
  readonly participants: ReadonlyMap<string, ParticipantAround>
  /** Who holds locks, by resource. */
  readonly locks: ReadonlyMap<string, readonly HolderAround[]>
  /** How child sagas are, in one word, by id. */
  readonly children: ReadonlyMap<string, string>
  /** Its owner has stopped it, because to decide on it fails; absent: it has not. */
  readonly stopped?: { readonly why: string; readonly since: number | null } | undefined
}

/** A timer that has not fired for so long after its time tells of an owner that is not there, or is behind. */
export const OVERDUE_MS = 5_000
const NAMED_MAX = 3

export function holdUpOf(
  { kind, until }: Pick<Awaited, 'kind' | 'until'>,
  step: StepState,
  around: AroundSaga,
): string | null {
  const own = ownHoldUp(kind, step, around)
  const lateMs = until === null ? 0 : around.now - until
  if (lateMs < OVERDUE_MS) return own
  const overdue = `its time was over ${Math.round(lateMs / 1_000)} s ago: no orchestrator has its partition, or what is shown is behind`
  return own === null ? overdue : `${own}; ${overdue}`
}

function ownHoldUp(kind: Awaited['kind'], step: StepState, around: AroundSaga): string | null {
  switch (kind) {
    case 'room':
      return step.status === 'held' || step.status === 'undo-held' ? roomHoldUp(step, around) : null
    case 'answer':
      return answerHoldUp(step, around)
    case 'lock':
      return lockHoldUp(step, around)
    case 'child': {
      const status = step.child && around.children.get(step.child.id)
      return status === undefined ? null : `it is ${status}`
    }
    default:
      return null
  }
}

function roomHoldUp(
  { participant: name, key }: Extract<StepState, { status: 'held' | 'undo-held' }>,
  { participants, now }: AroundSaga,
): string {
  const under = key === undefined ? '' : ` under the key ${key}`
  const known = participants.get(name)
  if (!known) return `${name} may not simply be sent to${under}`
  const { breakerOpenSince, concurrency, ratePerSecond, inFlight, held } = known
  if (breakerOpenSince !== undefined)
    return `the breaker of ${name} is open since ${Math.round((now - breakerOpenSince) / 1_000)} s`
  const limits = [
    ...(concurrency === undefined ? [] : [`${inFlight} of ${concurrency} calls are under way`]),
    ...(ratePerSecond === undefined ? [] : [`${ratePerSecond} a second are let go`]),
  ]
  const why =
    limits.length === 0 ? `a limit of ${name} holds it${under}` : `limit of ${name}${under}: ${limits.join(', ')}`
  return `${why}; ${held} wait for it`
}

/** A participant that answers nobody tells so by its breaker. */
function answerHoldUp({ sent, status }: StepState, { participants, now }: AroundSaga): string | null {
  const name = (status === 'undoing' ? sent?.undo : sent?.forward)?.participant
  const since = name === undefined ? undefined : participants.get(name)?.breakerOpenSince
  return since === undefined ? null : `the breaker of ${name} is open since ${Math.round((now - since) / 1_000)} s`
}

function lockHoldUp({ lock }: StepState, { locks, now }: AroundSaga): string | null {
  const holders = lock && locks.get(lock.resource)
  if (!holders || holders.length === 0) return null
  const named = holders
    .slice(0, NAMED_MAX)
    .map(({ saga, since }) => `${saga} since ${Math.round((now - since) / 1_000)} s`)
  const more = holders.length > NAMED_MAX ? ` and ${holders.length - NAMED_MAX} more` : ''
  return `held by ${named.join(', ')}${more}`
}
