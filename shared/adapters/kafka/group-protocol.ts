/** What members of a group tell one another inside Kafka's join and sync requests. */
import { AssignerProtocol } from 'kafkajs'

export const PROTOCOL = 'kasaga-sticky'
const VERSION = 1

export interface MemberClaim {
  readonly held: readonly number[]
  readonly generation: number
}

export interface MemberShare {
  readonly partitions: readonly number[]
  readonly unfinished: boolean
}

export function encodeClaim(topics: readonly string[], claim: MemberClaim): Buffer {
  const userData = Buffer.from(JSON.stringify(claim))
  return AssignerProtocol.MemberMetadata.encode({ version: VERSION, topics: [...topics], userData })
}

/** What cannot be read claims nothing. */
export function decodeClaim(metadata: Buffer): MemberClaim {
  const claim = json(AssignerProtocol.MemberMetadata.decode(metadata)?.userData)
  const held = Array.isArray(claim?.held) ? claim.held.filter((one) => typeof one === 'number') : []
  return { held, generation: typeof claim?.generation === 'number' ? claim.generation : -1 }
}

export function encodeShare(topics: readonly string[], share: MemberShare): Buffer {
  const assignment = Object.fromEntries(topics.map((topic) => [topic, [...share.partitions]]))
  const userData = Buffer.from(JSON.stringify({ unfinished: share.unfinished }))
  return AssignerProtocol.MemberAssignment.encode({ version: VERSION, assignment, userData })
}

export function decodeShare(topics: readonly string[], bytes: Buffer): MemberShare {
  const decoded = AssignerProtocol.MemberAssignment.decode(bytes)
  const first = topics[0]
  const partitions = first === undefined ? [] : (decoded?.assignment[first] ?? [])
  return { partitions, unfinished: json(decoded?.userData)?.unfinished === true }
}

function json(bytes: Buffer | undefined): Record<string, unknown> | undefined {
  if (bytes === undefined || bytes.length === 0) return undefined
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
