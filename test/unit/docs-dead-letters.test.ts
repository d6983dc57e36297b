/** What docs/tools.md shows of dead letters is what `kasaga dlq` prints. */
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { App, Parts } from '../../services/gateway/app.ts'
import { httpApp } from '../../services/gateway/http-app.ts'
import { GATEWAY_LIMITS } from '../../services/gateway/limits.ts'
import { definitions } from '../../services/orders/definitions.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { systemIds } from '../../shared/adapters/system/system-ids.ts'
import { deadLetterRecord } from '../../shared/message/dead-letter.ts'
import { sagaId } from '../../shared/message/ids.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import { noLog, noMetrics } from '../../shared/ports/telemetry.ts'
import { topicSpecs } from '../../shared/runtime/topic-specs.ts'
import { decide } from '../../shared/saga/decide.ts'
import { cliOf } from '../support/cli-runner.ts'
import { fences, pageText } from '../support/docs/markdown.ts'
import { delivered } from '../support/wire.ts'

const NOW = Date.parse('2026-01-31T10:00:00Z')
const TOPICS = kasagaTopics('kasaga')
const LINES = [{ sku: 'SKU-0014', quantity: 1, cents: 2018 }]

let app: App
let url = ''

const orderOf = (id: string, cents: number | string) => ({
  id,
  country: 'ES',
  card: '4242424242412441',
  cents,
  lines: LINES,
})

/** The letter of a start that an orchestrator refuses. */
function refusedStart(id: string, seconds: number) {
  const input = orderOf(id, '2018')
  const headers = { ce_type: 'kasaga.start.v1', ce_id: `r-${id}`, ce_sagaid: id, ce_sagatype: 'fulfil-order' }
  const record = { key: id, value: JSON.stringify(input), headers: Object.entries(headers) }
  const start = {
    kind: 'start',
    sagaId: sagaId(id),
    definition: 'fulfil-order',
    version: 1,
    input,
    inputHash: '',
  } as const
  const definition = definitions.find('fulfil-order')
  const decision = decide({ definition, known: undefined, input: start, moment: { now: NOW, chance: 0 } })
  if (decision.kind !== 'refused') throw new Error('it is an order')
  const why = { ...decision, group: 'kasaga.orchestrator', service: 'orchestrator', at: NOW - seconds * 1_000 }
  return deadLetterRecord(delivered(record, BigInt(seconds), TOPICS.commands), why)
}

function unknownSaga(id: string, seconds: number) {
  const record = { key: id, value: 'null', headers: [['ce_type', 'kasaga.retry.v1'] as const] }
  const told = { reason: 'unknown-saga', message: `no saga ${id} is known` }
  const why = { ...told, group: 'kasaga.orchestrator', service: 'orchestrator', at: NOW - seconds * 1_000 }
  return deadLetterRecord(delivered(record, BigInt(seconds), TOPICS.commands), why)
}

beforeAll(async () => {
  const broker = new MemoryLog({ clock: systemClock }).connect()
  await broker.createTopics(topicSpecs('kasaga', { partitions: 1, participantPartitions: 1 }, []))
  const records = [
    refusedStart('order-7', 520),
    unknownSaga('order-2', 300),
    refusedStart('order-8', 61),
    refusedStart('order-9', 42),
  ]
  await broker.append([{ topic: TOPICS.deadLetters, partition: 0, records }])
  const seen = { broker, topics: TOPICS, definitions, clock: { ...systemClock, now: () => NOW } }
  const said = { ids: systemIds, log: noLog, metrics: noMetrics, registry: new Registry(), limits: GATEWAY_LIMITS }
  // Nothing else is asked of the views than the history of sagas, which have none.
  const reads = { saga: async () => undefined, events: async () => [] } as unknown as Parts['reads']
  const parts = { ...seen, ...said, reads, notReady: () => [] } as unknown as Parts
  app = await httpApp(parts, { anonymous: false })
  url = await app.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(() => app?.close())

const transcripts = fences(pageText('docs/tools.md')).flatMap(({ info, text }) => {
  const [command = '', ...shown] = text.trimEnd().split('\n')
  return info === 'console' && command.startsWith('$ kasaga dlq ') ? [{ command: command.slice(9), shown }] : []
})

test('there are some', () => expect(transcripts.length).toBeGreaterThan(2))

test.each(transcripts)('kasaga $command', async ({ command, shown }) => {
  const mended = JSON.stringify({ value: orderOf('order-9', 2018) })
  const own = { now: () => NOW, readFile: async () => mended }
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '')
  const { out } = await cliOf(() => url)(words, own)
  // A table ends where its last column does.
  expect(out.replace(/ +$/gm, '').trimEnd()).toBe(shown.join('\n').trimEnd())
})
