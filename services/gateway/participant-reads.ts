/** What the gateway reads of participants. */
import { type HeldRow, heldCounts, heldStepsOf } from '../../shared/adapters/postgres/held-queries.ts'
import {
  callsInFlight,
  openBreakers,
  participantLimits,
  RECENT_STEPS_MAX,
  type RecentCalls,
  recentCalls,
} from '../../shared/adapters/postgres/participant-views.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { Limits, type ParticipantAnswer, type RecentAnswer } from '../../shared/client/participant-api.ts'
import type { ViewStore } from '../../shared/ports/view-store.ts'
import { asked } from './saga-reads.ts'

/** The last minutes, and when they began. */
export interface RecentSpan {
  readonly minutes: number
  readonly endedFrom: number
}

export interface ParticipantReads {
  /** Every participant that has limits, an open breaker or something under way, by name. `saidFrom`: see `openBreakers`. */
  all(saidFrom: number): Promise<readonly ParticipantAnswer[]>
  /** The same, with how they have answered in the last minutes; and every one that has. */
  withRecent(saidFrom: number, recent: RecentSpan): Promise<readonly ParticipantAnswer[]>
  /** Who waits for one, in the order in which they go. */
  waiting(participant: string, limit: number): Promise<readonly HeldRow[]>
}

const time = (at: number | null | undefined) =>
  at === null || at === undefined || at === 0 ? null : new Date(Number(at)).toISOString()

/** Reads from a view store. */
export function participantReads({ db }: ViewStore<ViewTables>): ParticipantReads {
  return {
    waiting: (participant, limit) => asked(() => heldStepsOf(db, { participant, limit })),
    all: (saidFrom) => asked(async () => participantsOf(await rowsOf(db, saidFrom), [], 0)),
    withRecent: (saidFrom, { minutes, endedFrom }) =>
      asked(async () => {
        const [rows, recent] = await Promise.all([rowsOf(db, saidFrom), recentCalls(db, endedFrom)])
        return participantsOf(rows, recent, minutes)
      }),
  }
}

type Rows = Awaited<ReturnType<typeof rowsOf>>

async function rowsOf(db: ViewStore<ViewTables>['db'], saidFrom: number) {
  const [limits, breakers, held, calls] = await Promise.all([
    participantLimits(db),
    openBreakers(db, saidFrom),
    heldCounts(db),
    callsInFlight(db),
  ])
  return { limits, breakers, held, calls }
}

function participantsOf(rows: Rows, recent: readonly RecentCalls[], minutes: number): readonly ParticipantAnswer[] {
  const { limits, breakers, held, calls } = rows
  const names = new Set([...limits, ...breakers, ...held, ...calls, ...recent].map(({ participant }) => participant))
  const isSample = recent.reduce((sum, { steps }) => sum + steps, 0) >= RECENT_STEPS_MAX
  return [...names].toSorted().map((name): ParticipantAnswer => {
    const set = limits.find(({ participant }) => participant === name)
    const waiting = held.find(({ participant }) => participant === name)
    const under = calls.find(({ participant }) => participant === name)
    const open = breakers.filter(({ participant }) => participant === name)
    const ended = recent.find(({ participant }) => participant === name)
    return {
      name,
      ...limitsAnswer(set),
      openBreakers: open.map(({ process, since, failures, calls }) => {
        return { process, since: time(since), failures: Number(failures), calls: Number(calls) }
      }),
      held: waiting?.held ?? 0,
      oldestHeldAt: time(waiting?.oldest_at),
      inFlight: under?.calls ?? 0,
      oldestUnansweredAt: time(under?.oldest_at),
      recent: ended ? recentAnswer(ended, { minutes, isSample }) : null,
    }
  })
}

function recentAnswer(calls: RecentCalls, rest: Pick<RecentAnswer, 'minutes' | 'isSample'>): RecentAnswer {
  const { steps, attempts, timeouts, late, p50: p50Ms, p95: p95Ms, p99: p99Ms } = calls
  return { ...rest, steps, attempts, retries: attempts - steps, timeouts, late, p50Ms, p95Ms, p99Ms }
}

/** Limits that no orchestrator takes are none. */
function limitsAnswer(row: Awaited<ReturnType<typeof participantLimits>>[number] | undefined) {
  const parsed = row?.limits === null || row === undefined ? undefined : Limits.safeParse(JSON.parse(row.limits))
  return {
    limits: parsed?.success ? parsed.data : null,
    setBy: row?.actor ?? null,
    setAt: time(row?.set_at),
    reason: row?.reason ?? null,
  }
}
