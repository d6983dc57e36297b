/** Finds in the log what commands were called that were never sent: it is read once more, as far as need be. */
import { BatchReader } from '../../shared/message/batch.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import type { CommandLedger } from './command-ledger.ts'

export async function nameUnsent(
  broker: Broker,
  topic: string,
  { partitions, ledger }: { readonly partitions: readonly number[]; readonly ledger: CommandLedger },
): Promise<void> {
  for (const partition of partitions) {
    const reader = new BatchReader()
    for await (const records of broker.read(topic, partition, 0n)) {
      if (ledger.unsent.size === 0) return
      for (const record of records)
        for (const { decoded } of reader.read(record)?.events ?? [])
          if (decoded.kind === 'event') ledger.nameUnsent(decoded.envelope)
    }
  }
}
