/**
 * Mends one answer of kafkajs on import: it throws the cluster's whole description away when one partition of one
 * topic has no leader, or lacks a replica, at the moment. Here such a partition is one without a leader, which is what
 * the description says of it, and the others are known.
 */
import { createRequire } from 'node:module'

interface Description {
  readonly topicMetadata: readonly { readonly partitionMetadata: { partitionErrorCode: number; leader: number }[] }[]
}

interface MetadataResponse {
  parse: (description: Description) => Promise<unknown>
}

/** The versions of the request that kafkajs has. */
const VERSIONS = [0, 1, 2, 3, 4, 5, 6]
const LEADER_NOT_AVAILABLE = 5
const REPLICA_NOT_AVAILABLE = 9
const LISTENER_NOT_FOUND = 72

const require = createRequire(import.meta.url)

/** Replaces what passes for an error in a partition's description. */
export function settlePartitions({ topicMetadata }: Description): void {
  for (const partition of topicMetadata.flatMap((topic) => topic.partitionMetadata)) {
    const code = partition.partitionErrorCode
    if (code === LEADER_NOT_AVAILABLE || code === LISTENER_NOT_FOUND) partition.leader = -1
    else if (code !== REPLICA_NOT_AVAILABLE) continue
    partition.partitionErrorCode = 0
  }
}

for (const version of VERSIONS) {
  const response = require(`kafkajs/src/protocol/requests/metadata/v${version}/response.js`) as MetadataResponse
  const parse = response.parse
  response.parse = (description) => {
    settlePartitions(description)
    return parse(description)
  }
}
