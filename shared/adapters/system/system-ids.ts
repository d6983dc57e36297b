import { v7 } from 'uuid'
import type { Ids } from '../../ports/clock.ts'

/** UUIDs of version 7: sortable by the time they were made, unique over processes. */
export const systemIds: Ids = { next: () => v7() }
