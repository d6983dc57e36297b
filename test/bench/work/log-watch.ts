/** Reads the log of an installation as it grows, from its start on, and hands over what each event is and whose. */
import { H } from '../../../shared/message/headers.ts'
import { type LogRecord, utf8 } from '../../../shared/message/record.ts'
import type { KasagaTopics } from '../../../shared/message/topics.ts'
import type { Broker } from '../../../shared/ports/broker.ts'

export interface LogWatchOptions {
  readonly broker: Broker
  readonly topics: KasagaTopics
  /** Of its own: it reads all partitions. */
  readonly group: string
  /** Told of each delivery; one that stands in a void batch is told as well. */
  readonly events: (events: readonly SeenEvent[]) => void
  readonly failed: (error: Error) => void
}

export interface SeenEvent {
  /** As its header has it. */
  readonly type: string
  readonly sagaId: string
}

const LOOK_AGAIN_MS = 5

export interface LogWatch {
  close(): Promise<void>
}

/** Answers once it has all partitions. */
export async function watchLog({ broker, topics, group, events, failed }: LogWatchOptions): Promise<LogWatch> {
  let isClosing = false
  const wanted = await broker.partitions(topics.events)
  const assigned = new Set<number>()
  const member = await broker.join(
    { group, topics: [topics.events] },
    {
      assigned: (partition) => void assigned.add(partition),
      revoked: async () => {
        if (!isClosing) failed(new Error(`a partition of the log was taken from ${group}`))
      },
      records: (_topic, _partition, records) => events(records.flatMap(seen)),
      trouble: failed,
    },
  )
  while (assigned.size < wanted) await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  for (const partition of assigned) member.open(topics.events, partition, 0n)
  return {
    close() {
      isClosing = true
      return member.close()
    },
  }
}

function seen({ key, headers }: LogRecord): readonly SeenEvent[] {
  const type = headers.find(([name]) => name === H.type)?.[1]
  return key === null || type === undefined ? [] : [{ type: utf8(type) ?? '', sagaId: utf8(key) ?? '' }]
}
