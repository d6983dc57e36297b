/** Dead letters seen and put back over HTTP and on the command line, in front of a whole installation (S18). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { REDRIVES_MAX } from '../../services/gateway/dead-letters/redrive.ts'
import { LETTERS_SCANNED } from '../../shared/client/dead-letter-api.ts'
import { httpClient } from '../../shared/client/http-client.ts'
import { deadLetterRecord } from '../../shared/message/dead-letter.ts'
import type { NewRecord } from '../../shared/message/record.ts'
import { cliOf } from '../support/cli-runner.ts'
import { fulfil } from '../support/fulfil.ts'
import { openSystem, type SystemRig, TOPICS } from '../support/system-rig.ts'
import { delivered } from '../support/wire.ts'

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

describe('the check of a letter', () => {
  const start = (id: string, input: unknown): NewRecord => ({
    key: id,
    value: JSON.stringify(input),
    headers: Object.entries({ ce_type: 'kasaga.start.v1', ce_id: `r-${id}`, ce_sagaid: id, ce_sagatype: 'fulfil' }),
  })
  const checkOf = async (key: string) => (await client().deadLetter((await letter(key)).id)).check

  test('says place by place what the schema has against the value', async () => {
    await put(start('check-1', { id: 7, cents: 'five' }))
    const { check, decoded, fingerprint } = await client().deadLetter((await letter('check-1')).id)
    expect(check).toMatchObject({ verdict: 'refused', reason: 'invalid-input', errorsTotal: 2 })
    expect(check.errors.map(({ path }) => path)).toEqual(['id', 'cents'])
    expect(decoded).toEqual({ form: 'json', schemaId: null, json: { id: 7, cents: 'five' }, why: null })
    const { out } = await kasaga(['dlq', 'list', '--fingerprint', fingerprint])
    expect(out).toMatch(new RegExp(`^1 +${fingerprint} +invalid-input +orchestrator`, 'm'))
    const shown = await kasaga(['dlq', 'show', (await letter('check-1')).id])
    expect(shown.out).toMatch(/^now: it would be a dead letter again: invalid-input\n {2}id: .+\n {2}cents: .+$/m)
  })

  test('says that it would be taken once what was wrong is over, and that it would change nothing once it was', async () => {
    await rig.client.retry('check-2', { actor: 'ann', reason: 'too early' })
    await letter('check-2')
    expect(await checkOf('check-2')).toMatchObject({ verdict: 'refused', reason: 'unknown-saga', errors: [] })
    rig.behaviour.carrierIsDown = true
    await rig.client.start(fulfil, 'check-2', { id: 'lost-check-2', cents: 5 })
    await expect.poll(async () => (await client().show('check-2')).shown, { timeout: 5_000 }).toBe('stuck')
    expect(await checkOf('check-2')).toMatchObject({
      verdict: 'taken',
      says: expect.stringContaining('retry-requested'),
    })
    rig.behaviour.carrierIsDown = false
    await rig.client.retry('check-2', { actor: 'ann', reason: 'now' })
    await client().show('check-2', { until: 'ended', timeoutMs: 5_000 })
    expect(await checkOf('check-2')).toMatchObject({ verdict: 'ignored', reason: 'saga-ended' })
  })

  test('of a command to a participant holds it against the contract, and looks at its deadline', async () => {
    const command = (
      id: string,
      own: Record<string, string>,
      payload: unknown = { orderId: 'x', cents: 1 },
    ): NewRecord => {
      const step = { ce_sagaid: id, ce_stepid: 'charge', ce_direction: 'forward', ce_attempt: '1' }
      const type = { ce_id: `${id}/1`, ce_type: 'bank.charge.v1', ce_replyto: TOPICS.replies }
      const headers = { ...step, ...type, ce_idempotencykey: `${id}/charge/forward`, ...own }
      return { key: id, value: JSON.stringify(payload), headers: Object.entries(headers) }
    }
    const dead = async (record: NewRecord) => {
      const [offsets] = await rig.broker.offsets('bank.commands')
      const place = { topic: 'bank.commands', partition: 0, offset: offsets?.end ?? 0n }
      const why = { reason: 'reply-refused', message: 'too large', group: 'g', service: 'bank', at: Date.now() }
      const records = [deadLetterRecord({ ...delivered(record), ...place }, why)]
      await rig.broker.append([{ topic: TOPICS.deadLetters, partition: 0, records }])
      return checkOf(String(record.key))
    }
    expect(await dead(command('check-3', {}))).toMatchObject({ verdict: 'taken' })
    expect(await dead(command('check-4', {}, { orderId: 'x' }))).toMatchObject({
      ...{ verdict: 'refused', reason: 'invalid-payload', errors: [{ path: 'cents' }], errorsTotal: 1 },
    })
    expect(await dead(command('check-5', { ce_deadline: '2020-01-01T00:00:00Z' }))).toMatchObject({
      ...{ verdict: 'ignored', reason: 'deadline-exceeded' },
    })
    expect(await dead(command('check-6', { ce_type: 'bank.rob.v1' }))).toMatchObject({ verdict: 'unknown' })
    expect(await dead(command('check-7', { ce_replyto: 'kasaga.events' }))).toMatchObject({
      ...{ verdict: 'refused', reason: 'bad-header' },
    })
  })
})

describe('kasaga dlq', () => {
  test('lists what they have in common and each, and shows one', async () => {
    for (let i = 0; i < 3; i++) await put(rubbish('dlq-5'))
    const { id } = await letter('dlq-5', 3)
    const { out } = await kasaga(['dlq', 'list', '--key', 'dlq-5'])
    expect(out).toMatch(/^COUNT +FINGERPRINT +REASON +GIVEN UP BY +FROM +FIRST +NEWEST +ONE +ERROR$/m)
    expect(out).toMatch(/^3 +[0-9a-f]{12} +missing-header +orchestrator +kasaga\.commands +/m)
    expect(out.match(/^0-\d+ +missing-header +dlq-5 +/gm)).toHaveLength(3)
    expect((await kasaga(['dlq', 'show', id])).out).toMatch(
      /^key +dlq-5\n[\s\S]*1 bytes \(.*\):\n\{\n\nnow: it would be a dead letter again.*$/m,
    )
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
    const more = 'Only the newest 10000 records of each partition were looked at'
    expect((await kasaga(['dlq', 'list'])).err).toContain(more)
    expect((await kasaga(['dlq', 'redrive', '--all', '--dry-run'])).err).toContain(`${more}; what is older`)
  })
})
