/** What the parts of the broker contract share: names that no other test has, and short ways to append and to read. */
import { expect } from 'vitest'
import type { OperationalError } from '../../../shared/message/errors.ts'
import type { LogRecord, NewRecord } from '../../../shared/message/record.ts'
import type { AppendResult, Broker } from '../../../shared/ports/broker.ts'

/** How long a test waits for what must come. */
export const ARRIVES = { timeout: 20_000, interval: 20 }
/** How long a test looks on to see that nothing comes. */
const QUIET_MS = 400

let names = 0

/** A name that no other test, and no earlier run against the same broker, has used. */
export function fresh(what: string): string {
  names++
  return `contract-${what}-${process.pid}-${Date.now().toString(36)}-${names}`
}

export async function freshTopic(broker: Broker, partitions = 1): Promise<string> {
  const name = fresh('topic')
  await broker.createTopics([{ name, partitions, retention: 'forever' }])
  return name
}

export function quiet(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, QUIET_MS))
}

export function record(value: NewRecord['value'], rest: Partial<NewRecord> = {}): NewRecord {
  return { key: 'k', value, headers: [], ...rest }
}

/** Records whose values are `<label><from>`, ..., one for each number below `to`. */
export function numbered(label: string, from: number, to: number): NewRecord[] {
  return Array.from({ length: to - from }, (_, i) => record(`${label}${from + i}`))
}

export async function appendTo(
  broker: Broker,
  at: readonly [topic: string, partition: number],
  records: readonly NewRecord[],
): Promise<bigint> {
  const [result] = await broker.append([{ topic: at[0], partition: at[1], records }])
  return baseOf(result)
}

export function baseOf(result: AppendResult | undefined): bigint {
  if (result?.kind !== 'appended') throw new Error(`not appended: ${result?.kind} ${result?.error.message}`)
  return result.baseOffset
}

/** The error of a batch that must have been refused. */
export function refusalOf(result: AppendResult | undefined): OperationalError {
  if (result?.kind !== 'refused') throw new Error(`expected a refusal, got ${result?.kind}`)
  return result.error
}

export async function readAll(broker: Broker, topic: string, partition = 0, from = 0n): Promise<LogRecord[]> {
  const all: LogRecord[] = []
  for await (const records of broker.read(topic, partition, from)) all.push(...records)
  return all
}

export function textOf(bytes: Uint8Array | null | undefined): string | undefined {
  return bytes ? new TextDecoder().decode(bytes) : undefined
}

export function values(records: readonly LogRecord[]): (string | undefined)[] {
  return records.map((r) => textOf(r.value))
}

export function bytesOf(value: string | Uint8Array): number[] {
  return [...(typeof value === 'string' ? new TextEncoder().encode(value) : value)]
}

/** Number of the record after the last, of one partition. */
export async function endOf(broker: Broker, topic: string, partition = 0): Promise<bigint | undefined> {
  return (await broker.offsets(topic)).find((o) => o.partition === partition)?.end
}

export async function expectCode(promise: Promise<unknown>, code: string): Promise<void> {
  await expect(promise).rejects.toMatchObject({ name: 'OperationalError', code })
}
