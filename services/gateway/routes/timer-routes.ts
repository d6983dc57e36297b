/** What waits by the clock. */
import type { TimerMark, TimerRow } from '../../../shared/adapters/postgres/timer-queries.ts'
import { Problem as ProblemSchema } from '../../../shared/client/http-api.ts'
import { type TimerAnswer, TimerList, TimersQuery } from '../../../shared/client/timer-api.ts'
import type { App, Parts } from '../app.ts'

/** Adds `GET /v1/timers`. */
export function timerRoutes(app: App, { operators, clock }: Parts): void {
  app.get(
    '/v1/timers',
    {
      schema: {
        summary: 'What is due when: attempts, retries, sleeps, waits for signals, deadlines; the first comes first',
        description:
          'Those of a saga whose times stand still, because it is paused, are left out, and so is when a step that waits ' +
          'for its participant is given up. What is overdue for more than some seconds has no orchestrator, or the views are behind.',
        tags: ['operators'],
        querystring: TimersQuery,
        response: { 200: TimerList, 400: ProblemSchema },
      },
    },
    async ({ query: { overdue, after, ...asked } }) => {
      const now = clock.now()
      const { saga, kind, limit } = asked
      const { timers, next } = await operators.timers({
        limit,
        ...(saga !== undefined && { saga }),
        ...(kind !== undefined && { kind }),
        ...(overdue && { dueBefore: now }),
        ...(after !== undefined && { after: markIn(after) }),
      })
      return { timers: timers.map(timerAnswer), at: new Date(now).toISOString(), next: next ? markText(next) : null }
    },
  )
}

function timerAnswer({ saga_id, step, due_at, awaits, child_saga_id, lock_resource, ...row }: TimerRow): TimerAnswer {
  const { direction, kind, attempt, participant } = row
  const waited = { signal: kind === 'signal' ? awaits : null, child: child_saga_id, lock: lock_resource }
  const who = { saga: saga_id, step: step === '' ? null : step, direction, attempt, participant }
  return { dueAt: new Date(due_at).toISOString(), kind, ...who, ...waited }
}

/** No saga id has a `~`. */
function markText({ due_at, saga_id, direction, step }: TimerMark): string {
  return `${due_at}~${saga_id}~${direction}~${step}`
}

/** The mark of such a text, which its schema has checked. */
function markIn(text: string): TimerMark {
  const [due = '', saga_id = '', direction = '', step = ''] = text.split('~')
  return { due_at: Number(due), saga_id, direction: direction === 'compensate' ? 'compensate' : 'forward', step }
}
