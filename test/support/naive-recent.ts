/** How participants have answered, told event by event from the logs of sagas: what the views must say of what has ended. */
import type { EventEnvelope, SagaEvent } from '../../shared/message/events.ts'

interface NaiveStep {
  participant: string
  attempts: number
  sentAt: number
  endedAt: number | undefined
  answered: number | undefined
  timeouts: number
  timedOut: number
}

export interface NaiveRecent {
  readonly participant: string
  readonly steps: number
  readonly attempts: number
  readonly timeouts: number
  readonly late: number
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
}

const ENDS =
  /^(?:step-(?:succeeded|rejected|resolved)|compensation-succeeded|late-success|failure-resolved|undo-resolved)$/
const BY_PERSON = /resolved$/

/** By participant, of the steps and undos that have ended from that time on. */
export function naiveRecent(logs: readonly (readonly EventEnvelope[])[], endedFrom: number): readonly NaiveRecent[] {
  const ended = logs.flatMap((log) => stepsOf(log)).filter(({ endedAt }) => (endedAt ?? -1) >= endedFrom)
  const groups = [...Map.groupBy(ended, ({ participant }) => participant)]
  return groups
    .map(([participant, steps]) => told(participant, steps))
    .sort((a, b) => (a.participant < b.participant ? -1 : 1))
}

function told(participant: string, steps: readonly NaiveStep[]): NaiveRecent {
  const answered = steps.filter(({ answered, attempts }) => answered === attempts)
  const took = answered.map(({ endedAt = 0, sentAt }) => endedAt - sentAt).sort((a, b) => a - b)
  const at = (share: number) => took[Math.ceil(share * took.length) - 1] ?? null
  const sum = (of: (step: NaiveStep) => number) => steps.reduce((total, step) => total + of(step), 0)
  return {
    ...{
      participant,
      steps: steps.length,
      attempts: sum((step) => step.attempts),
      timeouts: sum((step) => step.timeouts),
    },
    late: steps.filter(({ answered = Number.POSITIVE_INFINITY, timedOut }) => answered <= timedOut).length,
    ...{ p50: at(0.5), p95: at(0.95), p99: at(0.99) },
  }
}

function stepsOf(log: readonly EventEnvelope[]): readonly NaiveStep[] {
  const steps = new Map<string, NaiveStep>()
  for (const { event, at } of log) {
    if (!('step' in event) || typeof event.step !== 'string') continue
    const back = /^(?:compensation-|undo-)/.test(event.type)
    const key = `${back ? 'undo ' : ''}${event.step}`
    const known = steps.get(key)
    if (event.type === 'step-requested' || event.type === 'compensation-requested') {
      if (event.child !== undefined || event.lock !== undefined) continue
      const fresh = {
        timeouts: known?.timeouts ?? 0,
        timedOut: known?.timedOut ?? 0,
        endedAt: undefined,
        answered: undefined,
      }
      steps.set(key, { ...fresh, participant: event.participant, attempts: event.attempt, sentAt: at })
    } else if (known) take(known, event, at)
  }
  return [...steps.values()]
}

function take(step: NaiveStep, event: SagaEvent, at: number): void {
  const isOver = ENDS.test(event.type) || ('retryAt' in event && event.retryAt === null)
  const isFailure = 'retryAt' in event || event.type === 'step-rejected'
  if (!isOver && !isFailure) {
    if (/-(?:held|progressed)$/.test(event.type)) step.endedAt = undefined
    return
  }
  step.endedAt = isOver ? at : undefined
  step.answered = undefined
  if (BY_PERSON.test(event.type) || !('attempt' in event)) return
  if (isFailure && 'error' in event && event.error.kind === 'timeout') {
    step.timeouts++
    step.timedOut = event.attempt
  } else step.answered = event.attempt
}
