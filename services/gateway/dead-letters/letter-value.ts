/** The value of a dead letter: its own, or, where that says nothing by itself, the one that stands where it came from. */
import { keyOf, type LogRecord } from '../../../shared/message/record.ts'
import type { DeadLetter } from '../../../shared/message/redrive.ts'
import type { Broker } from '../../../shared/ports/broker.ts'

/** `undefined`: it is kept no longer, or another record stands there. */
export async function recordAtOrigin(
  broker: Pick<Broker, 'read' | 'offsets'>,
  { origin, key }: DeadLetter,
): Promise<LogRecord | undefined> {
  const { topic, partition, offset } = origin
  const kept = (await broker.offsets(topic)).find((one) => one.partition === partition)
  if (!kept || offset < kept.start || offset >= kept.end) return undefined
  for await (const [record] of broker.read(topic, partition, offset))
    return record?.offset === offset && keyOf(record) === key ? record : undefined
  return undefined
}

/** In a schema registry's wire format: a zero byte, the schema's id in four bytes. */
export function schemaIdOf(value: Uint8Array | null): number | undefined {
  if (value === null || value[0] !== 0 || value.length < 5) return undefined
  return new DataView(value.buffer, value.byteOffset).getInt32(1)
}

/** A letter's value as whoever reads its topic is given it. */
export type ReadValue =
  | { readonly kind: 'here'; readonly value: LogRecord['value']; readonly unread?: NonNullable<LogRecord['unread']> }
  | { readonly kind: 'gone'; readonly why: string }

const GONE = 'is kept no longer where it came from'

/** Topics of dead letters keep a value as it came: what a registry's format stands for is read where it came from. */
export async function readValue(
  broker: Pick<Broker, 'read' | 'offsets'>,
  letter: DeadLetter,
  { value }: Pick<LogRecord, 'value'>,
): Promise<ReadValue> {
  const isFramed = schemaIdOf(value) !== undefined
  if (!letter.isValueOmitted && !isFramed) return { kind: 'here', value }
  const record = await recordAtOrigin(broker, letter)
  if (record) return { kind: 'here', value: record.value, ...(record.unread && { unread: record.unread }) }
  const what = isFramed ? "the value is in a schema registry's wire format, and" : 'the value was too large, and'
  return { kind: 'gone', why: `${what} ${GONE}` }
}
