/** What each event of a lock changes of its row. */
import { resourceOf } from '../message/ids.ts'
import { lockNote } from './lock-standing.ts'
import type { LogLockEvent } from './projection.ts'
import type { locks } from './saga-tables.ts'
import type { ChangeOf } from './table.ts'

export function lockChange({ lockId, seq, at, event, partition }: LogLockEvent): ChangeOf<typeof locks> {
  return {
    resource: resourceOf(lockId),
    partition,
    seq,
    updated_at: at,
    asks: lockNote(event, at),
    ...(event.type === 'lock-asked' && { permits: event.permits }),
    ...(event.type === 'lock-granted' && { token: event.token }),
  }
}
