/** Records that nobody asked for: rubbish among the commands, and answers to what is over, is another's, or never was. */
import { replyRecord } from '../../../shared/message/command-record.ts'
import { H } from '../../../shared/message/headers.ts'
import type { LogRecord, NewRecord } from '../../../shared/message/record.ts'
import type { Stream } from '../world/streams.ts'

const encoder = new TextEncoder()

/** For the commands topic; each becomes one dead letter. */
export function rubbish(stream: Stream): NewRecord {
  const key = `rubbish-${stream.below(1_000)}`
  const headers = (type: string): NewRecord['headers'] => [
    [H.specversion, '1.0'],
    [H.id, key],
    [H.type, type],
    [H.sagaId, key],
  ]
  return stream.one<NewRecord>([
    { key, value: 'nonsense', headers: [] },
    { key, value: '{"id": ', headers: headers('kasaga.start.v1') },
    { key, value: null, headers: headers('kasaga.nothing.v1') },
    { key, value: '{}', headers: headers('kasaga.cancel.v1') },
  ])
}

export interface StrayTo {
  readonly sagaId: string
  readonly step: string
  readonly attempt: number
}

/** An answer as a participant would write it, whether or not it was asked. */
export function strayReply({ sagaId, step, attempt }: StrayTo, at: number): NewRecord {
  const headers: readonly (readonly [string, string])[] = [
    [H.id, `${sagaId}/${step}/forward/${attempt}`],
    [H.type, 'even.a0.v1'],
    [H.sagaId, sagaId],
    [H.stepId, step],
    [H.direction, 'forward'],
    [H.attempt, String(attempt)],
  ]
  const command: LogRecord = {
    ...{ topic: 'even.commands', partition: 0, offset: 0n, timestamp: at },
    ...{ key: encoder.encode(sagaId), value: null },
    headers: headers.map(([name, value]) => [name, encoder.encode(value)] as const),
  }
  const reply = replyRecord(
    command,
    { outcome: 'progress', body: 'null' },
    { id: `stray-${at}`, at, source: '/strays' },
  )
  return { ...reply, headers: reply.headers.map(([name, value]) => [name, textOf(value)] as const) }
}

function textOf(value: string | Uint8Array): string {
  return typeof value === 'string' ? value : new TextDecoder().decode(value)
}
