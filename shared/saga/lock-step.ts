/**
 * The step that asks for a lock: a command of Kasaga's own, which is answered when the saga holds it. Its undo frees it.
 * What it asks of the lock's side is in shared/lock; here a lock is a name, and an answer.
 */
import { LOCK_COMMAND } from '../message/headers.ts'
import { isResource } from '../message/ids.ts'
import type { Command } from './contract.ts'
import type { LockStep, Mapping, PlannedCommand, StepKind } from './definition.ts'
import { type Duration, durationMs } from './duration.ts'
import { NOTHING, plainSchema } from './plain-schema.ts'
import { COMPENSATION_RETRY, FORWARD_RETRY, type RetryPolicy } from './retry-policy.ts'
import type { SagaState } from './state.ts'

/** What can be said of a lock, beside what it is for. */
export interface LockWords {
  readonly permits?: number
  readonly timeout?: Duration
}

/** What a lock step gives. */
export interface LockOut {
  readonly resource: string
  /** Grows with every grant of the lock: who is told of it refuses what comes with a lower one. */
  readonly token: number
}

/** How long a lock is waited for, unless told otherwise. */
const WAIT_MS = durationMs('1 minute')

/** An ask that came too late is no ask: another one is made, soon. */
const AGAIN: RetryPolicy = { ...FORWARD_RETRY, attempts: 10 }

const HELD = plainSchema((value) => {
  const { resource, token } = (typeof value === 'object' && value !== null ? value : {}) as Partial<LockOut>
  return typeof resource === 'string' && Number.isInteger(token) ? undefined : 'a lock gives { resource, token }'
})

const LOCK: Command<unknown, unknown> = own('lock', { output: HELD })
const UNLOCK: Command<unknown, unknown> = own('unlock', {})

function own(name: keyof typeof LOCK_COMMAND, rest: Pick<Command<unknown, unknown>, 'output'>) {
  return { participant: 'kasaga', name, type: LOCK_COMMAND[name], input: NOTHING, ...rest }
}

const nothing = (): null => null

/** What a lock step is, but for where it stands. Past the pivot nothing is undone: the end of the saga frees it. */
export function lockBody(
  resource: Mapping,
  { permits = 1, timeout = WAIT_MS }: LockWords,
  kind: StepKind,
): Omit<LockStep, 'name' | 'kind' | 'when' | 'after' | 'needs'> {
  const forward: PlannedCommand = { command: LOCK, map: nothing, retry: AGAIN, timeoutMs: durationMs(timeout) }
  const undo: PlannedCommand = { command: UNLOCK, map: nothing, retry: COMPENSATION_RETRY, timeoutMs: null }
  return {
    type: 'lock',
    resource,
    permits,
    forward,
    undo: kind === 'compensatable' ? undo : undefined,
    byHand: undefined,
  }
}

/** Locks that one saga holds or waits for at the same time. */
export const LOCKS_MAX = 1_000

/** Why the saga cannot ask for that; nothing when it can. */
export function askFault(
  { locks }: SagaState,
  resource: unknown,
): { readonly kind: 'contract' | 'limit'; readonly code: string; readonly message: string } | undefined {
  if (typeof resource !== 'string' || !isResource(resource)) {
    const found = (JSON.stringify(resource) ?? 'undefined').slice(0, 200)
    const message = `a resource has 1 to 180 characters of A-Z a-z 0-9 . _ : -, and is not ${found}`
    return { kind: 'contract', code: 'bad-resource', message }
  }
  if (locks.length < LOCKS_MAX || locks.some((held) => held.resource === resource)) return undefined
  return { kind: 'limit', code: 'too-many-locks', message: `the saga holds or waits for ${LOCKS_MAX} locks already` }
}
