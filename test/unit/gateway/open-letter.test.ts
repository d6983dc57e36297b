/** A dead letter whose value says nothing by itself: it is in a registry's format, or was too large. */
import { expect, test } from 'vitest'
import type { CheckParts } from '../../../services/gateway/dead-letters/letter-check.ts'
import { checkOpened, decodedValue, openLetter } from '../../../services/gateway/dead-letters/open-letter.ts'
import { definitions } from '../../../services/orders/definitions.ts'
import { MemoryLog } from '../../../shared/adapters/memory/memory-log.ts'
import { framed } from '../../../shared/adapters/registry/frame.ts'
import { systemClock } from '../../../shared/adapters/system/system-clock.ts'
import { deadLetterRecord, withoutValue } from '../../../shared/message/dead-letter.ts'
import type { LogRecord, NewRecord } from '../../../shared/message/record.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import { topicSpecs } from '../../../shared/runtime/topic-specs.ts'
import { delivered } from '../../support/wire.ts'

const TOPICS = kasagaTopics('kasaga')
const WHY = { reason: 'invalid-input', message: 'no order', group: 'g', service: 'orchestrator', at: 0 }
const VALUE = new TextEncoder().encode('{"id":7}')

/** `asRead`: what a reader of commands is given in place of what stands there. */
async function deskWith(letter: (came: LogRecord) => NewRecord, asRead: Partial<LogRecord> = {}) {
  const log = new MemoryLog({ clock: systemClock }).connect()
  await log.createTopics(topicSpecs('kasaga', { partitions: 1, participantPartitions: 1 }, []))
  const headers = { ce_type: 'kasaga.start.v1', ce_id: 'r-1', ce_sagaid: 'order-1', ce_sagatype: 'fulfil-order' }
  const came = { key: 'order-1', value: framed(7, VALUE), headers: Object.entries(headers) }
  await log.append([{ topic: TOPICS.commands, partition: 0, records: [came] }])
  const records = [letter(delivered(came, 0n, TOPICS.commands))]
  await log.append([{ topic: TOPICS.deadLetters, partition: 0, records }])
  const broker: Pick<CheckParts['broker'], 'read' | 'offsets'> = {
    offsets: (topic) => log.offsets(topic),
    async *read(topic, partition, from) {
      for await (const page of log.read(topic, partition, from))
        yield topic === TOPICS.commands ? page.map((record) => ({ ...record, ...asRead })) : page
    },
  }
  const reads = { events: async () => [] } as unknown as CheckParts['reads']
  const parts = { broker, topics: TOPICS, definitions, reads, clock: systemClock } as unknown as CheckParts
  const opened = await openLetter(parts, '0-0')
  return { decoded: decodedValue(parts, opened), check: await checkOpened(parts, opened) }
}

const asItCame = (came: LogRecord) => deadLetterRecord(came, WHY)

test('a value in the format of a registry is said to be that, and is what stands where it came from', async () => {
  const { decoded, check } = await deskWith(asItCame, { value: VALUE })
  expect(decoded).toEqual({ form: 'registry', schemaId: 7, json: { id: 7 }, why: null })
  expect(check).toMatchObject({ verdict: 'refused', reason: 'invalid-input' })
  expect(check.errors.map(({ path }) => path)).toContain('id')
})

test('one that its reader can make nothing of would be a dead letter again, and why is told', async () => {
  const unread = { fault: 'unknown-schema', message: 'the registry has no schema 7' } as const
  const { decoded, check } = await deskWith(asItCame, { unread })
  expect(decoded).toEqual({ form: 'registry', schemaId: 7, json: null, why: unread.message })
  expect(check).toMatchObject({ verdict: 'refused', reason: 'unknown-schema' })
})

test('one that is kept no longer where it came from is not guessed at', async () => {
  const { decoded, check } = await deskWith((came) => asItCame({ ...came, offset: 5n }))
  expect(decoded).toMatchObject({
    form: 'registry',
    schemaId: 7,
    json: null,
    why: expect.stringContaining('no longer'),
  })
  expect(check).toMatchObject({ verdict: 'unknown', says: expect.stringContaining('no longer') })
})

test('one that was left out for its size is read where it came from', async () => {
  const { decoded, check } = await deskWith((came) => withoutValue(asItCame(came)), { value: VALUE })
  expect(decoded).toEqual({ form: 'json', schemaId: null, json: { id: 7 }, why: null })
  expect(check).toMatchObject({ verdict: 'refused', reason: 'invalid-input' })
})
