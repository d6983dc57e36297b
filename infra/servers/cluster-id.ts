import { randomBytes } from 'node:crypto'

/** A new id of a cluster. Never one that begins with `-`, as one in 64 would: Kafka's tools take that for an option. */
export function newClusterId(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0] ?? 0) & 0x7f
  return bytes.toString('base64url')
}
