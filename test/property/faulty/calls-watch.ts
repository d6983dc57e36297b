/**
 * How many calls each process let go while a number of them was set: read off the logs, by time. A call is under way from
 * when it was decided until its answer stands in the log of replies, which is before its owner can know of it; one that
 * ended without an answer is not counted, for an owner may have seen that in a batch which is void.
 */
import type { EventEnvelope } from '../../../shared/message/events.ts'
import { must } from '../must.ts'

/** An event, and who appended it. */
export interface OwnedEvent {
  readonly envelope: EventEnvelope
  readonly owner: string
  readonly partition: number
}

/** From when on a process was the last to append to a partition. */
export interface Ownership {
  readonly at: number
  readonly owner: string
  readonly partition: number
}

/** What was set for a participant, from when on; `undefined`: any number of calls. */
export interface ConcurrencySet {
  readonly at: number
  readonly participant: string
  readonly concurrency: number | undefined
}

export interface Watched {
  readonly events: readonly OwnedEvent[]
  readonly owners: readonly Ownership[]
  readonly limits: readonly ConcurrencySet[]
  /** When each reply came to stand in its log, by id. */
  readonly replies: ReadonlyMap<string, number>
}

interface Call {
  readonly participant: string
  readonly owner: string
  readonly partition: number
  readonly from: number
  readonly isAdmitted: boolean
  to: number
}

/** Longest time until a process follows what was set, and has sent what it had let go by then. */
const FOLLOWED_MS_MAX = 2_500
const ENDS: ReadonlySet<string> = new Set([
  ...['step-succeeded', 'step-rejected', 'step-failed'],
  ...['compensation-succeeded', 'compensation-failed'],
])

/** Expects that no process has let more go than were set. Answers how many times one was at the limit. */
export function expectWithinLimits(watched: Watched): number {
  const calls = callsOf(watched)
  let full = 0
  for (const call of calls) {
    if (!call.isAdmitted) continue
    const limit = limitFor(watched.limits, call)
    if (limit === undefined) continue
    const beside = calls.filter(
      (one) => one.participant === call.participant && one.from <= call.from && one.to > call.from,
    )
    const own = beside.filter(
      (one) => one.owner === call.owner || ownerAt(watched.owners, one, call.from) === call.owner,
    )
    must(
      own.length <= limit,
      () =>
        `${own.length} calls of ${call.participant} under way in ${call.owner} at ${call.from}, and ${limit} is set`,
    )
    if (own.length === limit) full++
  }
  return full
}

/** Those that were answered. */
function callsOf({ events, replies }: Watched): Call[] {
  const open = new Map<string, Call>()
  const answered: Call[] = []
  for (const { envelope, owner, partition } of events) {
    const { event, sagaId, at, causationId } = envelope
    if (event.type === 'step-requested' || event.type === 'compensation-requested') {
      const { participant } = event
      const isAdmitted = causationId.startsWith('admit/')
      const key = `${sagaId} ${event.step} ${event.type === 'step-requested'}`
      open.set(key, { participant, owner, partition, from: at, isAdmitted, to: at })
    } else if (ENDS.has(event.type) && 'step' in event) {
      const key = `${sagaId} ${event.step} ${event.type.startsWith('step')}`
      const call = open.get(key)
      const to = replies.get(causationId)
      open.delete(key)
      if (call && to !== undefined) answered.push(Object.assign(call, { to }))
    }
  }
  return answered
}

/** The most that may hold for it, whichever of what was set its process followed; `undefined`: any number. */
function limitFor(limits: readonly ConcurrencySet[], { participant, from }: Call): number | undefined {
  const set = limits.filter((one) => one.participant === participant && one.at <= from)
  const before = set.filter(({ at }) => at <= from - FOLLOWED_MS_MAX).at(-1)
  const since = set.filter(({ at }) => at > from - FOLLOWED_MS_MAX)
  const inForce = [before?.concurrency, ...since.map(({ concurrency }) => concurrency)]
  return inForce.some((one) => one === undefined) ? undefined : Math.max(...(inForce as number[]))
}

function ownerAt(owners: readonly Ownership[], { partition }: Call, at: number): string | undefined {
  return owners.findLast((one) => one.partition === partition && one.at <= at)?.owner
}
