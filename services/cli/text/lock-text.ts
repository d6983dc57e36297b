/** Locks, for a person to read. */
import type { LockAnswer } from '../../../shared/client/http-api.ts'
import type { Eyes } from './eyes.ts'
import { plain } from './plain.ts'
import { sinceText } from './spans.ts'
import { styled } from './status-text.ts'
import { tableText } from './tables.ts'

/** Sagas that are named in one line. */
const NAMED_MAX = 3

function named(asks: readonly { readonly saga: string; readonly since: string }[], now: number): string {
  const first = asks.slice(0, NAMED_MAX).map(({ saga, since }) => `${saga} (${sinceText(since, now)})`)
  const more = asks.length > NAMED_MAX ? [`and ${asks.length - NAMED_MAX} more`] : []
  return plain([...first, ...more].join(', '))
}

/** A list of locks. */
export function locksText(locks: readonly LockAnswer[], { color, now }: Eyes): string {
  const rows = locks.map(({ resource, permits, holders, waiters }) => [
    plain(resource),
    String(permits ?? ''),
    named(holders, now),
    named(waiters, now),
  ])
  return tableText(['RESOURCE', 'PERMITS', 'HELD BY', 'WAITING'], rows, color)
}

/** One lock with all who ask for it, in order. */
export function lockText(lock: LockAnswer, { color, now }: Eyes): string {
  const { resource, permits, token, holders, waiters, quarantined } = lock
  const head = `${styled('bold', plain(resource), color)}  permits ${permits ?? '?'}  newest token ${token ?? 'none'}`
  const rows = [
    ...holders.map((ask) => ['holds', ask, `token ${ask.token}`] as const),
    ...waiters.map((ask) => ['waits', ask, ''] as const),
  ].map(([how, { saga, step, since }, what]) => [how, plain(saga), plain(step), sinceText(since, now), what])
  const table =
    rows.length === 0 ? 'nobody holds it, nobody waits' : tableText(['', 'SAGA', 'STEP', 'FOR', ''], rows, color)
  return [head, ...(quarantined === null ? [] : [plain(`cannot be read: ${quarantined}`)]), table].join('\n')
}

/** Which lock a step waits for, and who has it. */
export function waitsForText(
  {
    resource,
    holders,
  }: { readonly resource: string; readonly holders: readonly { readonly saga: string; readonly since: string }[] },
  now: number,
): string {
  return plain(`waits for lock ${resource}, held by ${holders.length === 0 ? 'nobody' : named(holders, now)}`)
}
