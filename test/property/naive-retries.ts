/** Retries and times of steps as they are written, held against a history: no state, no folding, no rules of the core. */
import type { EventEnvelope } from '../../shared/message/events.ts'
import { isWithin } from '../../shared/message/step-path.ts'
import type { Definition, PlannedCommand } from '../../shared/saga/definition.ts'
import { sendingStepAt } from '../../shared/saga/plan-tree.ts'
import type { RetryPolicy } from '../../shared/saga/retry-policy.ts'
import { must } from './must.ts'

/** One step in one direction, since its present budget began. */
interface Tries {
  readonly what: string
  readonly planned: PlannedCommand
  /** When the first attempt was sent. */
  readonly since: number
  sentAt: number
  progressAt: number | undefined
  failures: number
  /** It waits to be tried again, or for nothing more. */
  isOpen: boolean
}

type Failed = Extract<EventEnvelope['event'], { type: 'step-failed' | 'compensation-failed' }>

/** Expects that each attempt is made, ended and made again as the plan says, counted anew after a person's word. */
export function retriedAsText(definition: Definition, history: readonly EventEnvelope[]): void {
  const all = new Map<string, Tries>()
  /** What waits for a person, and on which way: what was parked forward is asked for no more when its scope has turned back. */
  const parked = new Map<string, 'step' | 'compensation'>()
  const turned: string[] = []
  for (const { event, at } of history) {
    if (event.type === 'compensation-started') turned.push(event.scope ?? '')
    if (event.type === 'saga-stuck' && event.step !== null)
      parked.set(event.step, turned.some((scope) => isWithin(event.step ?? '', scope)) ? 'compensation' : 'step')
    if (event.type === 'retry-requested' || event.type === 'step-edited')
      for (const step of event.step === undefined ? [...parked.keys()] : [event.step]) {
        all.delete(`${parked.get(step)} of ${step}`)
        parked.delete(step)
      }
    if (!('step' in event) || typeof event.step !== 'string') continue
    const [way = ''] = event.type.split('-')
    const what = `${way} of ${event.step}`
    if (event.type === 'step-requested' || event.type === 'compensation-requested') {
      const step = sendingStepAt(definition, event.step)
      const planned = event.type === 'step-requested' ? step?.forward : step?.undo
      if (planned) all.set(what, sent(all.get(what), { what, planned, at }))
    } else expectTries(all.get(what), { event, at })
  }
}

function sent(known: Tries | undefined, { what, planned, at }: { what: string; planned: PlannedCommand; at: number }) {
  const fresh = { what, planned, since: at, sentAt: at, progressAt: undefined, failures: 0, isOpen: true }
  if (!known) return fresh
  must(mayBegin(known, at), () => `${what}: an attempt is begun at ${at}, past all that it was given`)
  return { ...known, sentAt: at, progressAt: undefined, isOpen: true }
}

function expectTries(tries: Tries | undefined, { event, at }: Pick<EventEnvelope, 'event' | 'at'>): void {
  if (!tries) return
  if (event.type === 'step-progressed' || event.type === 'compensation-progressed') tries.progressAt = at
  if (event.type !== 'step-failed' && event.type !== 'compensation-failed') return
  const { isOpen } = tries
  if (isOpen) tries.failures++
  tries.isOpen = false
  if (isOpen) expectExpiry(tries, { event, at })
  else if (event.error.kind !== 'fatal')
    must(!mayBegin(tries, at), () => `${tries.what}: given up at ${at}, and not late`)
  expectAgain(tries, { event, at })
}

function mayBegin({ since, planned: { totalMs, retry } }: Tries, at: number): boolean {
  return (
    at < since + (totalMs ?? Number.POSITIVE_INFINITY) && at <= since + (retry.maxAgeMs ?? Number.POSITIVE_INFINITY)
  )
}

/** What the clock says is so by the durations of the plan. */
function expectExpiry(tries: Tries, { event: { error }, at }: { event: Failed; at: number }): void {
  if (error.kind !== 'timeout') return
  const { what, planned, since, sentAt, progressAt } = tries
  const never = Number.POSITIVE_INFINITY
  const moved = planned.progressMs === undefined ? (progressAt ?? sentAt) : sentAt
  const due =
    {
      timeout: moved + (planned.timeoutMs ?? never),
      'not-taken-up': progressAt === undefined ? sentAt + (planned.takeUpMs ?? never) : never,
      'no-progress': (progressAt ?? never) + (planned.progressMs ?? never),
      'total-timeout': since + (planned.totalMs ?? never),
    }[error.code] ?? never
  must(at >= due, () => `${what}: ${error.code} at ${at}, which is due at ${due}`)
}

function policyOf({ retry }: PlannedCommand, code: string): RetryPolicy | undefined {
  const rule = [...(retry.rules ?? []), ...retry.notOn.map((code) => ({ code, fatal: true }))].find(
    (one) => one.code === code,
  )
  if (!rule) return retry
  return 'fatal' in rule ? undefined : { ...retry, ...rule }
}

function expectAgain(tries: Tries, { event: { error, retryAt }, at }: { event: Failed; at: number }): void {
  const { what, failures, planned } = tries
  const policy = policyOf(planned, error.code)
  const hopeless = error.kind === 'fatal' || error.kind === 'rejected' || !policy || failures >= policy.attempts
  if (retryAt !== null) {
    must(!hopeless, () => `${what}, for the ${failures}. time: tried again at ${retryAt}`)
    must(mayBegin(tries, retryAt), () => `${what}: tried again at ${retryAt}, past all that it was given`)
    must(retryAt >= at && retryAt <= at + (policy?.maxDelayMs ?? 0), () => `${what}: not within the backoff`)
  } else if (!hopeless) must(!mayBegin(tries, at + policy.maxDelayMs), () => `${what}: given up after ${failures}`)
}
