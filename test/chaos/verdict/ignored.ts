/** What the headers of the log's batches say was ignored, by reason. */
import { decodeBatchHeader } from '../../../shared/message/batch.ts'
import type { Stage } from '../stage/stage.ts'

export async function ignoredInputs({ home, topics }: Stage): Promise<Readonly<Record<string, number>>> {
  const ignored: Record<string, number> = {}
  for (const { partition, start } of await home.broker.offsets(topics.events))
    for await (const records of home.broker.read(topics.events, partition, start))
      for (const record of records) {
        const header = record.key === null ? decodeBatchHeader(record) : undefined
        for (const [reason, count] of Object.entries(header?.inputs.ignored ?? {}))
          ignored[reason] = (ignored[reason] ?? 0) + count
      }
  return ignored
}
