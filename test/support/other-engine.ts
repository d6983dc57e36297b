/**
 * A broker as another version of the engine sees it: what it appends says so, and its own batches are what this version would
 * have written. So the code of this version plays one that writes a newer format.
 */
import { BATCH_TYPE, LOG_FORMAT } from '../../shared/message/batch.ts'
import { H } from '../../shared/message/headers.ts'
import { headerOf, type LogRecord, type NewRecord } from '../../shared/message/record.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import { appending } from './participant-doubles.ts'
import { bytesOf } from './wire.ts'

export interface Version {
  readonly format: number
  readonly engine: string
}

export function asVersion(broker: Broker, { format, engine }: Version): Broker {
  const written = (record: NewRecord): NewRecord => {
    const isHeader = record.headers.some(([name, text]) => name === H.type && text === BATCH_TYPE)
    return isHeader ? { ...record, value: said(record.value, { format, engine }) } : record
  }
  const read = (record: LogRecord): LogRecord => {
    if (formatOf(record) !== format) return record
    return { ...record, value: bytesOf(said(record.value, { format: LOG_FORMAT })) }
  }
  return {
    ...appending(broker, (batches, append) =>
      append(batches.map((batch) => ({ ...batch, records: batch.records.map(written) }))),
    ),
    join: (options, listener) =>
      broker.join(options, {
        ...listener,
        records: (topic, partition, records) => listener.records(topic, partition, records.map(read)),
      }),
    async *read(topic, partition, from) {
      for await (const records of broker.read(topic, partition, from)) yield records.map(read)
    },
  }
}

/** The format that a record of the log names; `undefined`: it is no header of a batch. */
export function formatOf(record: LogRecord): number | undefined {
  if (headerOf(record, H.type) !== BATCH_TYPE) return undefined
  return JSON.parse(textOf(record.value)).format
}

function said(value: string | Uint8Array | null, more: object): string {
  return JSON.stringify({ ...JSON.parse(textOf(value)), ...more })
}

function textOf(value: string | Uint8Array | null): string {
  return String(typeof value === 'string' ? value : Buffer.from(value ?? []))
}
