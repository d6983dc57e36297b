/** Records with their values back in place of the claims, a part at a time. */
import { claimOf, redeemed } from '../../message/claim.ts'
import type { LogRecord } from '../../message/record.ts'
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
export function partLength(records: readonly LogRecord[]): number {
  let bytes = 0
  for (const [index, record] of records.entries()) {
    bytes += claimOf(record)?.bytes ?? 0
    if (bytes > PART_BYTES_MAX) return Math.max(1, index)
  }
  return records.length
}

/** The records with their values; one whose payload never can be read stays as it stands in the log: no JSON. */
export async function redeem(
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
