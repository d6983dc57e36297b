/** Why a saga stands where it stands: its history is folded from the views, and what is around it is read beside it. */
import type { SagaView } from '../../shared/adapters/postgres/view-queries.ts'
import type { ExplainAnswer, IfCancelledAnswer } from '../../shared/client/explain-api.ts'
import type { ParticipantAnswer } from '../../shared/client/participant-api.ts'
import type { SagaId } from '../../shared/message/ids.ts'
import { SILENT_BREAKER_MS } from '../../shared/runtime/flow-control.ts'
import { hashOf } from '../../shared/runtime/plan-of.ts'
import { type Explanation, explain } from '../../shared/saga/explain/explain.ts'
import type { AroundSaga, ParticipantAround } from '../../shared/saga/explain/hold-ups.ts'
import { Since } from '../../shared/saga/explain/since.ts'
import type { IfCancelled } from '../../shared/saga/explain/undone.ts'
import { stepsThatWait } from '../../shared/saga/rehearsal.ts'
import type { SagaState } from '../../shared/saga/state.ts'
import { sagaAnswer, shownStatus } from './answers.ts'
import type { Parts } from './app.ts'
import { holdersOf } from './lock-answers.ts'
import { stateOf } from './origin-history.ts'
import { Problem } from './problem.ts'

type ExplainParts = Pick<Parts, 'reads' | 'participants' | 'broker' | 'clock' | 'definitions'>

/** Children and locks that are looked up for one saga. */
const LOOKED_UP_MAX = 20

/** @throws Problem `unknown-saga`; `saga-quarantined` where an event of it cannot be read; `history-too-long`. */
export async function explainSaga(id: SagaId, parts: ExplainParts): Promise<ExplainAnswer> {
  const { reads, definitions, clock } = parts
  const row = await reads.saga(id)
  if (!row) throw new Problem(404, 'unknown-saga', `there is no saga ${id}`)
  const since = new Since()
  const state =
    row.quarantined === null ? await stateOf(id, parts, ({ event, at }) => since.take(event, at)) : undefined
  if (!state) return unreadable(row, parts)
  const definition = definitions.find(state.definition, state.version)
  const definitionHash = definition && hashOf(definition)
  const { stopped_why: why, stopped_since: stoppedAt } = row
  const stopped = why === null ? undefined : { why, since: stoppedAt }
  const around = { now: clock.now(), since: since.times, stopped, ...(await surroundingsOf(state, parts)) }
  return explainAnswer(row, explain({ definition, definitionHash, state, around }))
}

async function surroundingsOf(
  state: SagaState,
  { reads, participants, clock }: ExplainParts,
): Promise<Pick<AroundSaga, 'participants' | 'locks' | 'children'>> {
  const resources = new Set<string>()
  const children = new Set<string>()
  const names = new Set<string>()
  for (const { step } of stepsThatWait(state)) {
    if (step.status === 'held' || step.status === 'undo-held') names.add(step.participant)
    for (const sent of [step.sent?.forward, step.sent?.undo]) if (sent) names.add(sent.participant)
    if (step.lock && resources.size < LOOKED_UP_MAX) resources.add(step.lock.resource)
    if (step.child && children.size < LOOKED_UP_MAX) children.add(step.child.id)
  }
  const [locks, known, ...rows] = await Promise.all([
    reads.locksNamed([...resources]),
    names.size === 0 ? [] : participants.all(clock.now() - SILENT_BREAKER_MS),
    ...[...children].map((child) => reads.saga(child)),
  ])
  return {
    participants: new Map(known.filter(({ name }) => names.has(name)).map((one) => [one.name, participantAround(one)])),
    locks: new Map(
      [...holdersOf(locks)].map(([resource, holders]) => [
        resource,
        holders.filter(({ saga }) => saga !== state.id).map(({ saga, since }) => ({ saga, since: Date.parse(since) })),
      ]),
    ),
    children: new Map(rows.flatMap((row) => (row ? [[row.saga_id, shownStatus(row)] as const] : []))),
  }
}

function participantAround({ limits, inFlight, held, openBreakers }: ParticipantAnswer): ParticipantAround {
  const opened = openBreakers.flatMap(({ since }) => (since === null ? [] : [Date.parse(since)]))
  return {
    concurrency: limits?.concurrency,
    ratePerSecond: limits?.ratePerSecond,
    inFlight,
    held,
    ...(opened.length > 0 && { breakerOpenSince: Math.min(...opened) }),
  }
}

const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

/** What was found, as the API says it. */
export function explainAnswer(row: SagaView, told: Explanation): ExplainAnswer {
  const { status, headline, awaitedTotal, next, afterwards, ifCancelled, legal } = told
  return {
    ...headOf(row),
    status,
    headline,
    awaited: told.awaited.map((one) => ({ ...one, since: time(one.since), until: time(one.until) })),
    awaitedTotal,
    next: next && { at: new Date(next.at).toISOString(), what: [...next.what] },
    afterwards: [...afterwards],
    ifCancelled: ifCancelled && cancelAnswer(ifCancelled),
    legal,
  }
}

function cancelAnswer(cancelled: IfCancelled): IfCancelledAnswer {
  const { kind } = cancelled
  const { undo, complete } = kind === 'undone' ? cancelled : { undo: [], complete: true }
  return { kind, why: kind === 'refused' ? cancelled.why : null, undo: [...undo], complete }
}

function headOf(row: SagaView): Pick<ExplainAnswer, 'id' | 'definition' | 'version' | 'shown'> {
  return { id: row.saga_id, definition: row.definition, version: row.version, shown: shownStatus(row) }
}

/** Of a saga with an event that cannot be read nothing more is known, and nothing is decided for it. */
function unreadable(row: SagaView, { definitions }: ExplainParts): ExplainAnswer {
  const why = row.quarantined ?? 'nothing of it can be read'
  const head = headOf(row)
  const { status } = sagaAnswer(row, definitions)
  const rest = { awaited: [], awaitedTotal: 0, next: null, afterwards: [], ifCancelled: null }
  return {
    ...head,
    status,
    headline: `Nothing is decided for it any more: ${why}.`,
    ...rest,
    legal: 'legal now: nothing',
  }
}
