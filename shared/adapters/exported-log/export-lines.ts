/**
 * The lines of an exported log: one JSON object a line.
 *
 *     {"kasaga":"log","version":1,"prefix":"kasaga",...}                      once, at the start
 *     {"topic":"kasaga.events","partition":0,"start":"0","end":"3"}           a section: records of it follow
 *     {"o":"0","t":1767225600000,"k":null,"v":"{...}","h":[["ce_id","o#1"]]}  a record
 *     {"records":3}                                                           once, at the end
 */
import { type LogRecord, utf8 } from '../../message/record.ts'

/** Of the file's form. What is only added makes no new one. */
export const EXPORT_VERSION = 1

export interface ExportHead {
  readonly kasaga: 'log'
  readonly version: number
  readonly prefix: string
  /** Version of the engine that exported it. */
  readonly engine: string
  /** When, RFC 3339. */
  readonly at: string
  /** It is this one saga's log, and not the installation's; absent: it is the installation's. */
  readonly saga?: string
}

export interface Section {
  readonly topic: string
  readonly partition: number
  readonly start: bigint
  readonly end: bigint
  /** Its records are not in the file: it only says how far the topic goes. */
  readonly without: boolean
}

export interface ExportTail {
  readonly records: number
}

/** Bytes as text where they are UTF-8, else in base64. */
type Bytes = string | { readonly b64: string } | null

interface RecordLine {
  readonly o: string
  readonly t: number
  readonly k: Bytes
  readonly v: Bytes
  readonly h: readonly (readonly [name: string, value: Bytes])[]
}

const encoder = new TextEncoder()

export function sectionLine({ topic, partition, start, end, without }: Section): string {
  const place = { topic, partition, start: String(start), end: String(end) }
  return JSON.stringify(without ? { ...place, without } : place)
}

export function recordLine({ offset, timestamp, key, value, headers }: LogRecord): string {
  const h = headers.map(([name, bytes]) => [name, written(bytes)] as const)
  const line: RecordLine = { o: String(offset), t: timestamp, k: written(key), v: written(value), h }
  return JSON.stringify(line)
}

function written(bytes: Uint8Array | null): Bytes {
  if (bytes === null) return null
  return utf8(bytes) ?? { b64: Buffer.from(bytes).toString('base64') }
}

function read(bytes: Bytes): Uint8Array | null {
  if (bytes === null) return null
  return typeof bytes === 'string' ? encoder.encode(bytes) : Buffer.from(bytes.b64, 'base64')
}

/** Whether a line is no record: told from its beginning, without reading it. */
export function isRecordLine(line: string): boolean {
  return line.startsWith('{"o":')
}

/** @throws Error when the line is none of the file's lines. */
export function readRecord(line: string, { topic, partition }: Pick<Section, 'topic' | 'partition'>): LogRecord {
  const { o, t, k, v, h } = JSON.parse(line) as RecordLine
  const headers = h.map(([name, bytes]) => [name, read(bytes) ?? new Uint8Array()] as const)
  return { topic, partition, offset: BigInt(o), timestamp: t, key: read(k), value: read(v), headers }
}

/** @throws Error when the line is none of the file's lines. */
export function readMark(line: string): ExportHead | Section | ExportTail {
  const mark = JSON.parse(line)
  if (mark.kasaga === 'log' || typeof mark.records === 'number') return mark
  const { topic, partition, start, end, without = false } = mark
  if (typeof topic !== 'string' || typeof partition !== 'number') throw new Error('it is no line of an exported log')
  return { topic, partition, start: BigInt(start), end: BigInt(end), without }
}
