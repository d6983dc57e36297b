/** Dead letters seen and put back over HTTP and on the command line, in front of a whole installation (S18). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { REDRIVES_MAX } from '../../services/gateway/dead-letters/redrive.ts'
import { LETTERS_SCANNED } from '../../shared/client/dead-letter-api.ts'
import { httpClient } from '../../shared/client/http-client.ts'
import type { NewRecord } from '../../shared/message/record.ts'
import { cliOf } from '../support/cli-runner.ts'
import { fulfil } from '../support/fulfil.ts'
import { openSystem, type SystemRig, TOPICS } from '../support/system-rig.ts'

let rig: SystemRig
let url = ''

beforeAll(async () => {
  rig = await openSystem()
  url = (await (await rig.gateway()).listen({ port: 0 })).url
})
afterAll(() => rig?.close())

const kasaga = cliOf(() => url)
const client = () => httpClient({ url })
const why = { reason: 'mended', actor: 'ada' }

const lettersOf = async (key: string, redriven: 'no' | 'all' = 'no') =>
  (await client().deadLetters({ key, redriven })).letters

/** The newest letter of the key, once there are so many of it. */
async function letter(key: string, count = 1) {
  await expect.poll(() => lettersOf(key, 'all'), { timeout: 5_000 }).toHaveLength(count)
  const [newest] = await lettersOf(key, 'all')
  if (!newest) throw new Error(`no dead letter of ${key}`)
  return newest
}

const put = (record: NewRecord) => rig.broker.append([{ topic: TOPICS.commands, partition: 0, records: [record] }])
const rubbish = (key: string): NewRecord => ({ key, value: '{', headers: [['ce_type', 'kasaga.start.v1']] })

describe('a letter', () => {
  test('that is put back once what was wrong is mended has the result of a first delivery, and a second time nothing more', async () => {
    await rig.client.retry('dlq-1', { actor: 'ann', reason: 'too early' })
    const early = await letter('dlq-1')
    expect(early).toMatchObject({ reason: 'unknown-saga', service: 'orchestrator', redrives: 0, redriven: null })
    await rig.client.start(fulfil, 'dlq-1', { id: 'lost-dlq-1', cents: 5 })
    await expect.poll(async () => (await client().show('dlq-1')).shown, { timeout: 5_000 }).toBe('stuck')
    rig.behaviour.carrierIsDown = false

    expect((await client().redrive({ ids: [early.id], ...why })).refused).toEqual([])
    expect((await client().show('dlq-1', { until: 'ended', timeoutMs: 5_000 })).status).toBe('completed')
    const [told] = await lettersOf('dlq-1', 'all')
    expect(told).toMatchObject({ id: early.id, redriven: { by: 'ada', reason: 'mended' } })
    expect(await lettersOf('dlq-1')).toEqual([])

    const { events } = await client().history('dlq-1')
    const again = await client().redrive({ ids: [early.id], ...why })
    expect(again.refused).toMatchObject([{ id: early.id, code: 'already-redriven' }])
    const [forced] = (await client().redrive({ ids: [early.id], force: true, ...why })).redriven
    const place = forced?.place
    await client().show('dlq-1', { atLeast: `${place?.partition}:${place?.offset}` })
    expect((await client().history('dlq-1')).events).toEqual(events)
    expect(await lettersOf('dlq-1', 'all')).toHaveLength(1)
  })

  test('that fails again is a new one, which counts, until only force puts it back', async () => {
    await put(rubbish('dlq-2'))
    for (let redrives = 0; redrives <= REDRIVES_MAX; redrives++) {
      const failed = await letter('dlq-2', redrives + 1)
      expect(failed).toMatchObject({ reason: 'missing-header', redrives })
      const { refused } = await client().redrive({ ids: [failed.id], ...why })
      if (redrives === REDRIVES_MAX) expect(refused).toMatchObject([{ code: 'redriven-too-often' }])
      else expect(refused).toEqual([])
    }
    const last = await letter('dlq-2', REDRIVES_MAX + 1)
    expect((await client().redrive({ ids: [last.id], force: true, ...why })).redriven).toHaveLength(1)
  })

  test('is shown with its headers and value, as they came', async () => {
    await put({ key: 'dlq-3', value: Uint8Array.of(255, 0), headers: [['own', 'x']] })
    const detail = await client().deadLetter((await letter('dlq-3')).id)
    expect(detail.value).toEqual({ encoding: 'base64', text: '/wA=', bytes: 2, isCut: false })
    expect(detail.headers[0]).toEqual({ name: 'own', value: { encoding: 'utf-8', text: 'x', bytes: 1, isCut: false } })
  })

  test('that is none, or came from a topic that takes no commands, is refused', async () => {
    const headers = ['reason', 'original-topic', 'original-partition', 'original-offset', 'failed-at']
    const forged = [['x', TOPICS.events, '0', '0', '2026-01-01T00:00:00Z'] as const]
    const records = forged.map((values) => ({
      ...{ key: 'dlq-4', value: '{}' },
      headers: headers.map((name, i) => [`dlq-${name}`, values[i] ?? ''] as const),
    }))
    await rig.broker.append([{ topic: TOPICS.deadLetters, partition: 0, records }])
    const ids = [(await letter('dlq-4')).id, '0-999999', '7-0']
    const { redriven, refused } = await client().redrive({ ids, ...why })
    expect(redriven).toEqual([])
    expect(refused.map(({ code }) => code)).toEqual(['not-redrivable', 'unknown-letter', 'unknown-letter'])
    await expect(client().deadLetter('0-999999')).rejects.toMatchObject({ problem: { code: 'unknown-letter' } })
  })
})

describe('kasaga dlq', () => {
  test('lists what they have in common and each, and shows one', async () => {
    for (let i = 0; i < 3; i++) await put(rubbish('dlq-5'))
    const { id } = await letter('dlq-5', 3)
    const { out } = await kasaga(['dlq', 'list', '--key', 'dlq-5'])
    expect(out).toMatch(/^COUNT +REASON +GIVEN UP BY +FROM +NEWEST$/m)
    expect(out).toMatch(/^\d+ +missing-header +orchestrator +kasaga\.commands +/m)
    expect(out.match(/^0-\d+ +missing-header +dlq-5 +/gm)).toHaveLength(3)
    expect((await kasaga(['dlq', 'show', id])).out).toMatch(/^key +dlq-5\n[\s\S]*1 bytes:\n\{\n$/m)
    expect(await kasaga(['dlq', 'list', '--dead-for', 'nothing'])).toMatchObject({ code: 0, out: '' })
  })

  test('puts back what is named or meant, oldest first, each once; a dry run puts back nothing', async () => {
    for (let i = 0; i < 3; i++) await put(rubbish('dlq-6'))
    await letter('dlq-6', 3)
    const ids = (await lettersOf('dlq-6')).map(({ id }) => id).toReversed()
    const meant = ['dlq', 'redrive', '--key', 'dlq-6']
    const dry = await kasaga([...meant, '--dry-run'])
    expect(dry.out).toBe(`${ids.join('\n')}\n3 would be put back\n`)
    expect(await lettersOf('dlq-6', 'all')).toHaveLength(3)
    const told = await kasaga([...meant, '--reason', 'deployed', '--rate', '1000', '--json'])
    expect(JSON.parse(told.out).redriven.map(({ id }: { id: string }) => id)).toEqual(ids)
    await letter('dlq-6', 6)
    const again = await kasaga(['dlq', 'redrive', ids[0] ?? '', '--reason', 'deployed'])
    expect(again).toMatchObject({ code: 1, out: expect.stringContaining('ann put it back at') })
  })

  test('wants to know which, and why', async () => {
    expect(await kasaga(['dlq', 'redrive', '--reason', 'x'])).toMatchObject({ code: 2 })
    expect(await kasaga(['dlq', 'redrive', '--all'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('say why'),
    })
  })

  test('says when there are more than it looks at', async () => {
    const note: NewRecord = { key: null, value: null, headers: [] }
    const records = Array.from({ length: 1_000 }, () => note)
    for (let stored = 0; stored < LETTERS_SCANNED; stored += records.length)
      await rig.broker.append([{ topic: TOPICS.deadLetters, partition: 0, records }])
    const more = 'Only the newest 10000 records were looked at'
    expect((await kasaga(['dlq', 'list'])).err).toContain(more)
    expect((await kasaga(['dlq', 'redrive', '--all', '--dry-run'])).err).toContain(`${more}; what is older`)
  })
})
