/** A member of a group on a real Kafka that joins once, and is silent from then on: the group waits for it, for as long as its session. */
import { ClusterLink } from '../../../shared/adapters/kafka/cluster-link.ts'
import { encodeClaim, PROTOCOL } from '../../../shared/adapters/kafka/group-protocol.ts'
import { kafkajsLog } from '../../../shared/adapters/kafka/kafka-log.ts'
import { kafkajsCluster } from '../../../shared/adapters/kafka/kafkajs-internals.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'

const REQUEST_MS = 30_000

interface Guest {
  readonly kafka: string
  readonly group: string
  readonly topics: readonly string[]
  readonly sessionMs: number
}

/** Joins, and answers how to close its connection. */
export async function joinAndFallSilent({ kafka, group, topics, sessionMs }: Guest): Promise<() => Promise<void>> {
  const options = {
    ...{ brokers: kafka.split(','), clientId: 'silent', ssl: undefined, sasl: undefined },
    ...{ connectionTimeout: REQUEST_MS, requestTimeout: REQUEST_MS, metadataMaxAge: REQUEST_MS },
    retry: { retries: 2, initialRetryTime: 50, maxRetryTime: 500 },
  }
  const link = new ClusterLink(kafkajsCluster(options, kafkajsLog(noLog)))
  const coordinator = await link.coordinator(group)
  const metadata = encodeClaim(topics, { held: [], generation: -1 })
  await coordinator.joinGroup({
    groupId: group,
    memberId: '',
    sessionTimeout: sessionMs,
    rebalanceTimeout: sessionMs,
    groupProtocols: [{ name: PROTOCOL, metadata }],
  })
  return () => link.close()
}
