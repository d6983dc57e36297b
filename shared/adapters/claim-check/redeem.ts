/** Records with their values back in place of the claims, a part at a time. */
import { claimOf, redeemed } from '../../message/claim.ts'
import type { LogRecord } from '../../message/record.ts'
import type { Preparation } from '../held-delivery/held-feed.ts'
import type { Patience, PayloadDesk } from './payload-desk.ts'

/** Payloads of one part together; a single one may be as large as payloads are. */
const PART_BYTES_MAX = 16 * 1024 * 1024
/** Payloads that are fetched at a time for one partition. */
const FETCHES_MAX = 4

export function hasClaim(records: readonly LogRecord[]): boolean {
  for (const record of records) if (claimOf(record) !== undefined) return true
  return false
}

/** How many of the records, from the first one on, have payloads that fit into memory together: at least one. */
function partLength(records: readonly LogRecord[]): number {
  let bytes = 0
  for (const [index, record] of records.entries()) {
    bytes += claimOf(record)?.bytes ?? 0
    if (bytes > PART_BYTES_MAX) return Math.max(1, index)
  }
  return records.length
}

/** Payloads on the way to a member of a group. */
export function payloadsOf(desk: PayloadDesk): Preparation {
  return {
    now: (_, records) => (hasClaim(records) ? undefined : records),
    prepare: (_, records, signal) => redeemFirst(desk, records, { attemptsMax: Number.POSITIVE_INFINITY, signal }),
  }
}

/** The first of the records, as many as are taken together, with their values: at least one. */
export function redeemFirst(
  desk: PayloadDesk,
  records: readonly LogRecord[],
  patience: Patience,
): Promise<readonly LogRecord[]> {
  return redeem(desk, records.slice(0, partLength(records)), patience)
}

/** The records with their values; one whose payload never can be read stays as it stands in the log: no JSON. */
async function redeem(
  desk: PayloadDesk,
  records: readonly LogRecord[],
  patience: Patience,
): Promise<readonly LogRecord[]> {
  const all = [...records]
  const claimed = records.flatMap((record, index) => {
    const claim = claimOf(record)
    return claim ? [{ record, index, claim }] : []
  })
  for (let first = 0; first < claimed.length; first += FETCHES_MAX) {
    const some = claimed.slice(first, first + FETCHES_MAX)
    await Promise.all(
      some.map(async ({ record, index, claim }) => {
        const bytes = await desk.fetch(claim, patience)
        if (bytes) all[index] = redeemed(record, bytes)
      }),
    )
  }
  return all
}
