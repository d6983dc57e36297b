/**
 * Holds the payload store against the log: claims whose payload is missing, and payloads that nothing claims.
 *
 * The topics are read before the store is listed, so what is put meanwhile is at most an orphan that is young. An orphan
 * is removed only when it was put long ago: by then whatever was about to claim it has done so, and the topics that are
 * not read here have forgotten it. Costs about 200 bytes a payload.
 */
import { claimOf, type PayloadId } from '../../shared/message/claim.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import type { PayloadStore } from '../../shared/ports/payload-store.ts'

export interface PayloadCheckOptions {
  /** The log with its claims as they stand. */
  readonly unredeemed: Broker
  readonly payloads: PayloadStore
  /** Those that are there are read whole. */
  readonly topics: readonly string[]
  /** Also read every payload that is claimed, and hold it against its hash. */
  readonly read: boolean
  /** Remove orphans that were put before that time; absent: none. */
  readonly removeBefore?: number | undefined
}

/** A claim whose payload cannot be read, and the first record that carries it. */
export interface LostPayload {
  readonly id: PayloadId
  readonly why: 'missing' | 'damaged'
  readonly place: string
}

export interface PayloadReport {
  readonly topics: readonly string[]
  /** Records that carry a claim. */
  readonly claims: number
  readonly stored: number
  readonly storedBytes: number
  readonly lost: readonly LostPayload[]
  readonly orphans: number
  readonly orphanBytes: number
  readonly removed: number
}

export async function checkPayloads(options: PayloadCheckOptions): Promise<PayloadReport> {
  const { unredeemed, payloads, read, removeBefore } = options
  const topics = (await unredeemed.describeTopics(options.topics)).map(({ name }) => name)
  const { claims, places } = await claimsOf(unredeemed, topics)
  const seen = new Set<PayloadId>()
  let [stored, storedBytes, orphans, orphanBytes, removed] = [0, 0, 0, 0, 0]
  for await (const { id, bytes } of payloads.list()) {
    stored++
    storedBytes += bytes
    if (places.has(id)) seen.add(id)
    else {
      orphans++
      orphanBytes += bytes
      if (removeBefore !== undefined && (await payloads.remove(id, removeBefore))) removed++
    }
  }
  const lost: LostPayload[] = []
  for (const [id, place] of places) {
    if (seen.has(id) && !read) continue
    const { kind } = await payloads.get(id)
    if (kind !== 'found') lost.push({ id, why: kind, place })
  }
  return { topics, claims, stored, storedBytes, lost, orphans, orphanBytes, removed }
}

async function claimsOf(broker: Broker, topics: readonly string[]) {
  const places = new Map<PayloadId, string>()
  let claims = 0
  for (const topic of topics) {
    for (const { partition, start } of await broker.offsets(topic)) {
      for await (const records of broker.read(topic, partition, start)) {
        for (const record of records) {
          const claim = claimOf(record)
          if (!claim) continue
          claims++
          if (!places.has(claim.id)) places.set(claim.id, `${topic}/${partition}/${record.offset}`)
        }
      }
    }
  }
  return { claims, places }
}
