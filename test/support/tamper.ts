/** Records that were changed after they were written. */
import { Findings } from '../../services/auditor/findings.ts'
import { LockLedger } from '../../services/auditor/lock-ledger.ts'
import { ParticipantLedger } from '../../services/auditor/participant-ledger.ts'
import { PartitionAudit } from '../../services/auditor/partition-audit.ts'
import { Plans } from '../../services/auditor/saga-audit.ts'
import type { LogRecord } from '../../shared/message/record.ts'

/** One byte of a record: of its key, its value, or of a header's name or text. */
export interface Place {
  readonly part: 'key' | 'value' | 'name' | 'text'
  readonly header: number
  readonly at: number
}

export function placesOf({ key, value, headers }: LogRecord): Place[] {
  const places = (part: Place['part'], length: number, header = 0) =>
    Array.from({ length }, (_, at): Place => ({ part, header, at }))
  return [
    ...places('key', key?.length ?? 0),
    ...places('value', value?.length ?? 0),
    ...headers.flatMap(([name, text], i) => [...places('name', name.length, i), ...places('text', text.length, i)]),
  ]
}

/** The record with bits of one byte turned over. */
export function flipped(record: LogRecord, place: Place, mask: number): LogRecord {
  const { key, value } = record
  if (place.part === 'key') return { ...record, key: key && turned(key, place.at, mask) }
  if (place.part === 'value') return { ...record, value: value && turned(value, place.at, mask) }
  const headers = record.headers.map(([name, text], i): readonly [string, Uint8Array] => {
    if (i !== place.header) return [name, text]
    return place.part === 'text' ? [name, turned(text, place.at, mask)] : [renamed(name, place.at, mask), text]
  })
  return { ...record, headers }
}

function turned(bytes: Uint8Array, at: number, mask: number): Uint8Array {
  return bytes.map((byte, i) => (i === at ? byte ^ mask : byte))
}

function renamed(name: string, at: number, mask: number): string {
  return name.slice(0, at) + String.fromCharCode(name.charCodeAt(at) ^ mask) + name.slice(at + 1)
}

/** The same records, one offset after the other, as a copy of the log would have them. */
export function renumbered(records: readonly LogRecord[]): LogRecord[] {
  return records.map((record, offset) => ({ ...record, offset: BigInt(offset) }))
}

/** What the log alone shows. */
export function auditRecords(records: readonly LogRecord[]): Findings {
  const findings = new Findings()
  const counts = { total: 0, completed: 0, compensated: 0, stuck: 0, failed: 0, running: 0 }
  const shared = { findings, plans: new Plans(undefined), counts, commands: undefined, atRest: undefined }
  const ledgers = { participants: new ParticipantLedger([], findings), locks: new LockLedger(findings) }
  const audit = new PartitionAudit(0, { ...shared, ...ledgers }, { view: undefined, snapshots: undefined })
  for (const record of records) audit.take(record)
  audit.close()
  return findings
}
