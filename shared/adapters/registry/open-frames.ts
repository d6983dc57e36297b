/** Records with JSON for values, whatever form they came in. */
import type { LogRecord } from '../../message/record.ts'
import type { Preparation } from '../held-delivery/held-feed.ts'
import type { RegistryValues } from './registry-values.ts'

/** Frames that are opened on the way to a member of a group. */
export function framesOpened(values: RegistryValues, plainTopics: ReadonlySet<string>): Preparation {
  return {
    now: (topic, records) => (plainTopics.has(topic) ? records : decodedAll(values, records)),
    prepare: async (_, records, signal) => {
      for (;;) {
        for (const record of records) {
          await values.learnId(record)
          if (signal.aborted || values.isClosed) return []
        }
        const ready = decodedAll(values, records)
        // Nothing: told as unknown too long ago; it is asked once more.
        if (ready) return ready
      }
    },
  }
}

/** The records with JSON for values; `undefined` when the registry must be asked about one of them. */
export function decodedAll(values: RegistryValues, records: readonly LogRecord[]): readonly LogRecord[] | undefined {
  if (!records.some(({ value }) => value?.[0] === 0)) return records
  const all: LogRecord[] = []
  for (const record of records) {
    const one = values.decode(record)
    if (!one) return undefined
    all.push(one)
  }
  return all
}
