/** Waits, in long polls, until a saga has come to rest: ended, or stuck. */
import type { SagaDetail } from '../../shared/client/http-api.ts'
import { GatewayError, type HttpClient } from '../../shared/client/http-client.ts'
import { CliFailure } from './failure.ts'
import type { Surroundings } from './surroundings.ts'
import { statusDetail } from './text/status-text.ts'

/** One poll; below what the gateway allows. */
const POLL_MS_MAX = 10_000

export interface Wanted {
  readonly id: string
  /** The command whose outcome must be seen first, when its place is known. */
  readonly place?: { readonly partition: number; readonly offset: string } | undefined
  readonly timeoutMs: number
}

const RESTS: ReadonlySet<SagaDetail['shown']> = new Set(['stuck', 'paused', 'unreadable', 'stopped'])

/** The gateway answers at once with all of these but `stopped`, which is told beside the log: it may be over just now. */
function atRest(saga: SagaDetail): boolean {
  return saga.endedAt !== null || RESTS.has(saga.shown)
}

function tooLong({ id, timeoutMs }: Wanted): CliFailure {
  return new CliFailure(1, 'timed-out', {
    message: `saga ${id} has not come to rest within ${timeoutMs} ms`,
    next: `It goes on; look at it with: kasaga show ${id}`,
  })
}

/** The views have seen the start's outcome, and there is no saga: its owner made a dead letter of it. */
function startRefused(id: string): CliFailure {
  return new CliFailure(1, 'start-refused', {
    message: `the start of ${id} was taken into the log, and refused by the orchestrator`,
    next: 'Its dead letter says why; most likely the orchestrator has another set of definitions than the gateway',
  })
}

/** The saga once it is at rest. Throws a failure when the time is over. */
export async function waitForSaga(client: HttpClient, wanted: Wanted, around: Surroundings): Promise<SagaDetail> {
  const { id, place, timeoutMs } = wanted
  const untilMs = around.now() + timeoutMs
  for (;;) {
    const leftMs = untilMs - around.now()
    if (leftMs <= 0) throw tooLong(wanted)
    const saga = await poll(client, id, {
      ...(place && { atLeast: `${place.partition}:${place.offset}` }),
      until: 'settled',
      timeoutMs: Math.max(1, Math.min(POLL_MS_MAX, Math.ceil(leftMs))),
    })
    if (saga && atRest(saga)) return saga
  }
}

/** `undefined` when the view has not come that far in time. */
async function poll(
  client: HttpClient,
  id: string,
  call: Parameters<HttpClient['show']>[1],
): Promise<SagaDetail | undefined> {
  try {
    return await client.show(id, call)
  } catch (error) {
    const code = error instanceof GatewayError ? error.problem?.code : undefined
    if (code === 'view-behind') return undefined
    if (code === 'unknown-saga' && call?.atLeast !== undefined) throw startRefused(id)
    throw error
  }
}

/** A saga that came to rest otherwise than completed is an answer of no. */
export function expectCompleted(saga: SagaDetail, around: Surroundings): void {
  if (saga.shown === 'completed') return
  const detail = statusDetail(saga, around.now())
  throw new CliFailure(1, saga.shown, {
    message: `saga ${saga.id} is ${saga.shown}${detail === '' ? '' : `: ${detail}`}`,
    next: `See its history with: kasaga history ${saga.id}`,
  })
}
