/** What a log says of how a participant was asked: functions of events alone. */
import type { EventEnvelope, SagaEvent } from '../../../shared/message/events.ts'

type Sent = Extract<SagaEvent, { type: 'step-requested' | 'compensation-requested' }>

const ENDS: ReadonlySet<string> = new Set(['saga-completed', 'saga-compensated'])
const ANSWERS: ReadonlySet<string> = new Set([
  ...['step-succeeded', 'step-rejected', 'step-failed'],
  ...['compensation-succeeded', 'compensation-failed'],
])

/** When a command was sent to a participant, in order: milliseconds since the epoch. */
export function sentTo(participant: string, history: readonly EventEnvelope[]): number[] {
  return history
    .flatMap(({ event, at }) => (isSent(event) && event.participant === participant ? [at] : []))
    .sort((a, b) => a - b)
}

export interface SteadyRate {
  readonly perSecond: number
  readonly overMs: number
  /** Calls in the second in which the fewest were sent, and the most. */
  readonly least: number
  readonly most: number
}

/** The rate while more is wanted than may go: without the time at both ends, in which it is found out and let go. */
export function steadyRate(sent: readonly number[], { afterMs = 2_000, beforeMs = 1_000 } = {}): SteadyRate {
  const [from, to] = [(sent[0] ?? 0) + afterMs, (sent.at(-1) ?? 0) - beforeMs]
  const within = sent.filter((at) => at >= from && at < to)
  const seconds = Array.from({ length: Math.max(0, Math.floor((to - from) / 1_000)) }, () => 0)
  for (const at of within) {
    const second = Math.floor((at - from) / 1_000)
    if (second < seconds.length) seconds[second] = (seconds[second] ?? 0) + 1
  }
  const perSecond = (within.length * 1_000) / (to - from)
  return { perSecond, overMs: to - from, least: Math.min(...seconds), most: Math.max(...seconds) }
}

/** Most calls of a participant that were sent and not answered at one time. Of one millisecond, answers come first. */
export function mostUnderWay(participant: string, history: readonly EventEnvelope[]): number {
  const out = new Set<string>()
  let most = 0
  // The sort is stable: what was decided in one turn stays in its order.
  for (const { sagaId, event } of history.toSorted((a, b) => a.at - b.at || rank(a.event) - rank(b.event))) {
    if (!('step' in event) || event.step === null) continue
    const call = `${sagaId} ${event.step} ${event.type.startsWith('compensation') ? 'undo' : 'do'}`
    if (isSent(event) && event.participant === participant) out.add(call)
    else if (ANSWERS.has(event.type)) out.delete(call)
    most = Math.max(most, out.size)
  }
  return most
}

const rank = (event: SagaEvent): number => (ANSWERS.has(event.type) ? 0 : 1)

/** How long sagas took from when they were offered until their end, shortest first. */
export function tookMs(offered: ReadonlyMap<string, number>, history: readonly EventEnvelope[]): number[] {
  return history
    .flatMap(({ sagaId, event, at }) => {
      const from = offered.get(sagaId)
      return from !== undefined && ENDS.has(event.type) ? [at - from] : []
    })
    .sort((a, b) => a - b)
}

export function endsIn(history: readonly EventEnvelope[]): number {
  return history.filter(({ event }) => ENDS.has(event.type)).length
}

function isSent(event: SagaEvent): event is Sent {
  return event.type === 'step-requested' || event.type === 'compensation-requested'
}
