/** Brokers and inboxes with something added or gone wrong. */
import { OperationalError } from '../../shared/message/errors.ts'
import type { AppendBatch, AppendResult, Broker } from '../../shared/ports/broker.ts'
import type { Inbox } from '../../shared/ports/inbox.ts'

export function counting<Tx>(inbox: Inbox<Tx>, said: string[]): Inbox<Tx> {
  return {
    async transaction(work) {
      said.push('begin')
      const result = await inbox.transaction((scope) =>
        work({
          tx: scope.tx,
          find: (keys) => {
            said.push(`find ${keys.length}`)
            return scope.find(keys)
          },
          store: (entries) => {
            said.push(`store ${entries.length}`)
            return scope.store(entries)
          },
        }),
      )
      said.push('commit')
      return result
    },
    forget: (beforeMs, entriesMax) => inbox.forget(beforeMs, entriesMax),
  }
}

type Append = Broker['append']

/** The broker, with other ears for appends. */
export function appending(
  broker: Broker,
  then: (batches: readonly AppendBatch[], append: Append) => Promise<readonly AppendResult[]>,
): Broker {
  return {
    append: (batches) => then(batches, (all) => broker.append(all)),
    join: (options, listener) => broker.join(options, listener),
    read: (topic, partition, from) => broker.read(topic, partition, from),
    offsets: (topic) => broker.offsets(topic),
    partitions: (topic) => broker.partitions(topic),
    createTopics: (topics) => broker.createTopics(topics),
    describeTopics: (names) => broker.describeTopics(names),
    close: () => broker.close(),
  }
}

export function unknownResult(): AppendResult {
  return {
    kind: 'unknown',
    error: new OperationalError('append-unknown', 'no answer', { where: 'test', retriable: true }),
  }
}

export function muted(broker: Broker): { broker: Broker; refused: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const silent = appending(broker, async (batches) => {
    resolve()
    return batches.map(() => unknownResult())
  })
  return { broker: silent, refused: promise }
}
