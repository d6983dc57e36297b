/** Names and examples that the pages give are those of the code. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DOCUMENTED_METRICS } from '../../shared/adapters/prometheus/documented-metrics.ts'
import { BatchReader } from '../../shared/message/batch.ts'
import { deadLetterRecord } from '../../shared/message/dead-letter.ts'
import { CLIENT_COMMAND, H, LOCK_COMMAND } from '../../shared/message/headers.ts'
import { sagaIdOfKey } from '../../shared/message/ids.ts'
import type { LogRecord } from '../../shared/message/record.ts'
import { fences, namesInTables, pageText, ROOT } from '../support/docs/markdown.ts'
import { bytesOf } from '../support/wire.ts'

const wire = pageText('docs/wire.md')

interface ExampleRecord {
  readonly offset: number
  readonly type: string
  readonly sagaId?: string
  readonly sequence?: number
  readonly value: unknown
}

function exampleLog(): LogRecord[] {
  const json = fences(wire).find(({ info }) => info === 'json')?.text ?? '[]'
  return (JSON.parse(json) as ExampleRecord[]).map(({ offset, type, sagaId, sequence, value }) => {
    const event: [string, string][] = [
      [H.sagaId, sagaId ?? ''],
      [H.sequence, String(sequence)],
      [H.time, '2026-01-01T00:00:00.000Z'],
    ]
    const headers = [[H.type, type] as const, ...(sagaId === undefined ? [] : event)]
    return {
      topic: 'kasaga.events',
      partition: 0,
      offset: BigInt(offset),
      timestamp: 0,
      key: sagaId === undefined ? null : bytesOf(sagaId),
      value: bytesOf(JSON.stringify(value)),
      headers: headers.map(([name, text]) => [name, bytesOf(text)] as const),
    }
  })
}

describe('docs/wire.md', () => {
  test('names the headers of commands, replies, events and client commands, and no others', () => {
    const told = new Set([
      ...namesInTables(wire, '## Commands and replies').filter((name) => /^(ce_|content|trace)/.test(name)),
      ...namesInTables(wire, '## Events').filter((name) => name.startsWith('ce_')),
      ...[...(wire.split('## Client commands')[1] ?? '').matchAll(/`(ce_\w+)`/g)].map(([, name]) => name),
    ])
    expect([...told].sort()).toEqual(Object.values(H).sort())
  })

  test('names the client commands', () => {
    const told = namesInTables(wire, '## Client commands').filter((name) => name.startsWith('kasaga.'))
    expect(told.sort()).toEqual(Object.values(CLIENT_COMMAND).sort())
    const toLocks = namesInTables(wire, '## Locks').filter((name) => name.startsWith('kasaga.'))
    expect([...new Set(toLocks)].sort()).toEqual(Object.values(LOCK_COMMAND).sort())
  })

  test('its saga ids of business keys are those', () => {
    const keys = wire.split('**Business keys.**')[1]?.split('**Paths.**')[0] ?? ''
    const rows = [...keys.matchAll(/^\| `(?<type>[^`]+)` \| `(?<key>[^`]+)` \| `(?<id>[^`]+)` \|$/gm)]
    expect(rows.length).toBeGreaterThan(2)
    for (const { groups } of rows) expect(sagaIdOfKey(groups?.type ?? '', groups?.key ?? '')).toBe(groups?.id)
  })

  test('names the headers of dead letters', () => {
    const [record] = exampleLog()
    if (!record) throw new Error('the example has records')
    const why = { reason: 'not-json', message: 'no', group: 'g', service: 's', at: 0 }
    const written = deadLetterRecord({ ...record, headers: [] }, why).headers.map(([name]) => name)
    const told = namesInTables(wire, '## Dead letters').filter((name) => /^(dlq-|kafka_|x-)/.test(name))
    expect(told.sort()).toEqual([...written, 'dlq-value-omitted'].sort())
  })

  test('its example is read as it says', () => {
    const reader = new BatchReader()
    const accepted = exampleLog().flatMap((record) => reader.read(record) ?? [])
    const verdicts = [...wire.matchAll(/^\| (?<at>\d+) \| (?<number>\d+) \| (?<owner>[AB]) \| accepted/gm)]
    expect(accepted.map(({ offset, header }) => [String(offset), String(header.number), header.owner])).toEqual(
      verdicts.map(({ groups }) => [groups?.at, groups?.number, groups?.owner]),
    )
    const events = accepted.flatMap((batch) => batch.events)
    expect(events.map(({ decoded }) => decoded.kind)).toEqual(['event', 'event'])
    expect(events.map(({ offset }) => offset)).toEqual([2n, 7n])
    expect(reader.voidBatches).toBe(1)
  })

  test('tells every reason why a record becomes a dead letter', () => {
    const told = new Set(namesInTables(wire, '## Dead letters'))
    const union = (path: string, type: string) => {
      const text = readFileSync(join(ROOT, path), 'utf8')
      const declared = text.slice(text.indexOf(`export type ${type} =`)).split('\n\n')[0] ?? ''
      return [...declared.matchAll(/'([a-z0-9-]+)'/g)].map(([, name]) => name ?? '')
    }
    const reasons = [
      ...union('shared/message/json.ts', 'JsonFault'),
      ...union('shared/message/command-record.ts', 'RecordFault'),
      ...union('shared/saga/input.ts', 'RefusedReason'),
      ...union('shared/participant/received-command.ts', 'CommandFault'),
    ]
    expect(reasons.length).toBeGreaterThan(15)
    expect(reasons.filter((reason) => !told.has(reason))).toEqual([])
  })
})

describe('docs/operations.md', () => {
  const operations = pageText('docs/operations.md')

  test('has a line for every metric', () => {
    const told = namesInTables(operations, '## Metrics')
    expect(told.filter((name) => name.startsWith('kasaga_')).sort()).toEqual(Object.keys(DOCUMENTED_METRICS).sort())
  })

  test('has a line for every setting that a process reads', () => {
    const mains = readdirSync(join(ROOT, 'services'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => readFileSync(join(ROOT, 'services', path), 'utf8'))
    const read = mains.flatMap((text) => [...text.matchAll(/\benv\.(KASAGA_\w+)/g)].map(([, name]) => name))
    const told = namesInTables(operations, '## Settings').filter((name) => name.startsWith('KASAGA_'))
    expect(told.sort()).toEqual([...new Set(read)].sort())
  })
})
