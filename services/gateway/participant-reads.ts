/** What the gateway reads of participants. */
import { type HeldRow, heldCounts, heldStepsOf } from '../../shared/adapters/postgres/held-queries.ts'
import { callsInFlight, openBreakers, participantLimits } from '../../shared/adapters/postgres/participant-views.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { Limits, type ParticipantAnswer } from '../../shared/client/participant-api.ts'
import type { ViewStore } from '../../shared/ports/view-store.ts'
import { asked } from './saga-reads.ts'

export interface ParticipantReads {
  /** Every participant that has limits, an open breaker or something under way, by name. `saidFrom`: see `openBreakers`. */
  all(saidFrom: number): Promise<readonly ParticipantAnswer[]>
  /** Who waits for one, in the order in which they go. */
  waiting(participant: string, limit: number): Promise<readonly HeldRow[]>
}

const time = (at: number | null | undefined) =>
  at === null || at === undefined || at === 0 ? null : new Date(Number(at)).toISOString()

/** Reads from a view store. */
export function participantReads({ db }: ViewStore<ViewTables>): ParticipantReads {
  return {
    waiting: (participant, limit) => asked(() => heldStepsOf(db, { participant, limit })),
    all: (saidFrom) =>
      asked(async () => {
        const [limits, breakers, held, calls] = await Promise.all([
          participantLimits(db),
          openBreakers(db, saidFrom),
          heldCounts(db),
          callsInFlight(db),
        ])
        const names = new Set([...limits, ...breakers, ...held, ...calls].map(({ participant }) => participant))
        return [...names].toSorted().map((name): ParticipantAnswer => {
          const set = limits.find(({ participant }) => participant === name)
          const waiting = held.find(({ participant }) => participant === name)
          const under = calls.find(({ participant }) => participant === name)
          const open = breakers.filter(({ participant }) => participant === name)
          return {
            name,
            ...limitsAnswer(set),
            openBreakers: open.map(({ process, since, failures, calls }) => {
              return { process, since: time(since), failures: Number(failures), calls: Number(calls) }
            }),
            held: waiting?.held ?? 0,
            oldestHeldAt: time(waiting?.oldest_at),
            inFlight: under?.calls ?? 0,
          }
        })
      }),
  }
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
