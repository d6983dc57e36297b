/** Dead letters that a person mends, over HTTP and on the command line, in front of a whole installation (S18). */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { GatewayError, httpClient } from '../../shared/client/http-client.ts'
import type { NewRecord } from '../../shared/message/record.ts'
import { cliOf } from '../support/cli-runner.ts'
import { openSystem, type SystemRig, TOPICS } from '../support/system-rig.ts'

const WAIT_MS = 20_000
let rig: SystemRig
let url = ''
let folder = ''
/** How often goods were reserved, by order. */
const reserved = new Map<string, number>()

beforeAll(async () => {
  rig = await openSystem()
  const reserve = rig.behaviour.reserve.bind(rig.behaviour)
  rig.behaviour.reserve = (orderId) => {
    reserved.set(orderId, (reserved.get(orderId) ?? 0) + 1)
    return reserve(orderId)
  }
  url = (await (await rig.gateway()).listen({ port: 0 })).url
  folder = await mkdtemp(join(tmpdir(), 'kasaga-letters-'))
})
afterAll(async () => {
  await rig?.close()
  if (folder !== '') await rm(folder, { recursive: true, force: true })
})

const kasaga = cliOf(() => url)
const client = () => httpClient({ url })
const why = { reason: 'the amount was text', actor: 'ada' }

const put = (record: NewRecord, topic = TOPICS.commands) =>
  rig.broker.append([{ topic, partition: 0, records: [record] }])

const start = (id: string, input: unknown): NewRecord => ({
  key: id,
  value: JSON.stringify(input),
  headers: Object.entries({ ce_type: 'kasaga.start.v1', ce_id: `r-${id}`, ce_sagaid: id, ce_sagatype: 'fulfil' }),
})

async function lettersOf(key: string, count: number) {
  const list = async () => (await client().deadLetters({ key, redriven: 'all', order: 'oldest' })).letters
  await vi.waitUntil(async () => (await list()).length >= count, { timeout: WAIT_MS, interval: 20 })
  return list()
}

async function letterOf(key: string) {
  const [first] = await lettersOf(key, 1)
  if (!first) throw new Error(`no dead letter of ${key}`)
  return first
}

/** The saga, once it has ended; at first the views do not know it. */
async function ended(id: string) {
  const found = () =>
    client()
      .show(id)
      .catch(() => undefined)
  await vi.waitUntil(async () => (await found())?.endedAt ?? null, { timeout: WAIT_MS, interval: 20 })
  return client().show(id)
}
const problemOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'none',
    (error: unknown) => (error instanceof GatewayError ? error.problem?.code : String(error)),
  )

describe('a letter that is mended', () => {
  test('is put back as it was mended, and stays as it came, with who, why and what', async () => {
    await put(start('edit-1', { id: 'edit-1', cents: 'five' }))
    const before = await client().deadLetter((await letterOf('edit-1')).id)
    const edit = { value: { id: 'edit-1', cents: 5 }, headers: { own: 'x' } }
    const told = await client().validateLetter(before.id, edit)
    expect(told).toMatchObject({ check: { verdict: 'taken' }, changed: ['value', 'own'], identity: [] })
    expect(await client().deadLetter(before.id)).toEqual(before)

    const answer = await client().editLetter(before.id, { edit, ...why })
    expect(answer).toMatchObject({ id: before.id, isNoted: true, before: told.before, after: told.after })
    expect(told.before).not.toBe(told.after)
    expect((await ended('edit-1')).status).toBe('completed')
    const { redriven, check: _, ...after } = await client().deadLetter(before.id)
    const { redriven: none, check: __, ...came } = before
    expect([none, after]).toEqual([null, came])
    const edited = { before: told.before, after: told.after, changed: ['value', 'own'] }
    expect(redriven).toMatchObject({ by: 'ada', reason: 'the amount was text', edited })
    expect(await problemOf(client().editLetter(before.id, { edit, ...why }))).toBe('already-redriven')
    expect(await lettersOf('edit-1', 1)).toHaveLength(1)
  })

  test('is not put back where it would not be taken, and the places are told', async () => {
    await put(start('edit-2', { id: 'edit-2', cents: 'five' }))
    const { id } = await letterOf('edit-2')
    const asked = client().editLetter(id, { edit: { value: { id: 'edit-2', cents: 'six' } }, ...why })
    const { problem } = (await asked.catch((error: unknown) => error)) as GatewayError
    expect(problem).toMatchObject({ status: 422, code: 'not-taken', issues: [{ path: 'cents' }] })
    const [ends] = await rig.broker.offsets(TOPICS.commands)
    for (const [edit, code] of [
      [{}, 'nothing-changed'],
      [{ value: { id: 'edit-2', cents: 'five' } }, 'nothing-changed'],
      [{ headers: { 'dlq-reason': 'x' } }, 'not-editable'],
      [{ headers: { ce_id: 'r-2' }, value: { id: 'edit-2', cents: 5 } }, 'identity-changed'],
      [{ key: 'edit-9', headers: { ce_sagaid: 'edit-9' }, value: { id: 'edit-9', cents: 5 } }, 'identity-changed'],
      [{ headers: { ce_sagaid: null }, value: { id: 'edit-2', cents: 5 } }, 'identity-changed'],
      [{ headers: { ce_type: 'kasaga.begin.v1' } }, 'not-taken'],
    ] as const)
      expect(await problemOf(client().editLetter(id, { edit, ...why }))).toBe(code)
    expect((await rig.broker.offsets(TOPICS.commands))[0]).toEqual(ends)
    expect((await letterOf('edit-2')).redriven).toBeNull()
  })

  test('goes to the partition of its new key, where it is said to become another record', async () => {
    await put(start('edit-3', { id: 'edit-3', cents: 'five' }))
    const edit = { key: 'edit-3b', headers: { ce_sagaid: 'edit-3b' }, value: { id: 'edit-3b', cents: 5 } }
    const { id } = await letterOf('edit-3')
    const answer = await client().editLetter(id, { edit, identity: true, ...why })
    expect(answer.changed).toEqual(['key', 'value', 'ce_sagaid'])
    expect((await ended('edit-3b')).status).toBe('completed')
  })

  test('that failed too often is put back only by force', async () => {
    const headers = [...start('edit-4', {}).headers, ['dlq-redrive-count', '5'] as const]
    await put({ ...start('edit-4', { id: 'edit-4', cents: 'five' }), headers })
    const { id } = await letterOf('edit-4')
    const edit = { value: { id: 'edit-4', cents: 5 } }
    expect(await problemOf(client().editLetter(id, { edit, ...why }))).toBe('redriven-too-often')
    await client().editLetter(id, { edit, force: true, ...why })
    expect((await ended('edit-4')).status).toBe('completed')
  })
})

describe('kasaga dlq', () => {
  const fileOf = async (name: string, text: string) => {
    const path = join(folder, name)
    await writeFile(path, text)
    return path
  }

  test('writes a form, validates it, and puts it back mended', async () => {
    await put(start('edit-5', { id: 'edit-5', cents: 'five' }))
    const { id } = await letterOf('edit-5')
    const form = (await kasaga(['dlq', 'show', id, '--form'])).out
    expect(JSON.parse(form)).toMatchObject({ key: 'edit-5', value: { cents: 'five' }, headers: { ce_id: 'r-edit-5' } })
    const asCame = await fileOf('came.json', form)
    expect(await kasaga(['dlq', 'validate', id, '--file', asCame])).toMatchObject({ code: 1 })
    const mended = await fileOf('mended.json', form.replace('"five"', '5'))
    const valid = await kasaga(['dlq', 'validate', id, '--file', mended, '--json'])
    expect([valid.code, JSON.parse(valid.out).changed]).toEqual([0, ['value']])
    expect(await kasaga(['dlq', 'edit', id, '--file', mended])).toMatchObject({ code: 2 })
    const done = await kasaga(['dlq', 'edit', id, '--file', mended, '--reason', 'was text'])
    expect(done).toMatchObject({ code: 0, err: '' })
    expect(done.out).toMatch(
      /^0-\d+ is put back, mended, as kasaga\.commands\/\d\/\d+: value\nbefore {2}[0-9a-f]{64}\nafter/,
    )
    expect((await ended('edit-5')).status).toBe('completed')
    expect((await kasaga(['dlq', 'show', id])).out).toMatch(/^put back +mended \(value\), by ann at /m)
  })

  test('opens an editor where there is one, and puts nothing back where nothing was changed', async () => {
    await put(start('edit-6', { id: 'edit-6', cents: 'five' }))
    const { id } = await letterOf('edit-6')
    const edit = ['dlq', 'edit', id, '--reason', 'was text']
    expect(await kasaga(edit)).toMatchObject({ code: 2, err: expect.stringContaining('dlq show') })
    expect(await kasaga(edit, { editText: async (text) => text })).toMatchObject({ code: 1 })
    const mend = async (text: string) => text.replace('"five"', '5')
    expect(await kasaga(edit, { editText: mend })).toMatchObject({ code: 0 })
    expect((await ended('edit-6')).status).toBe('completed')
  })

  test.each([
    ['{', 'Expected property name'],
    ['[]', 'no object'],
    ['{"vaule": 1}', 'vaule is none of'],
    ['{"value": 12345678901234567890}', 'an integer past 2^53'],
  ])('takes no file with %s', async (text, said) => {
    const file = await fileOf('bad.json', text)
    const told = await kasaga(['dlq', 'validate', '0-0', '--file', file])
    expect(told).toMatchObject({ code: 2, err: expect.stringContaining(said) })
  })

  test('of a value that is no JSON leaves it out of the form, and takes one in its place', async () => {
    await put({ ...start('edit-7', {}), value: '{"id": "edit-7", cents: 5}' })
    const { id } = await letterOf('edit-7')
    const form = JSON.parse((await kasaga(['dlq', 'show', id, '--form'])).out)
    expect('value' in form).toBe(false)
    const mended = await fileOf('json.json', JSON.stringify({ ...form, value: { id: 'edit-7', cents: 5 } }))
    expect(await kasaga(['dlq', 'edit', id, '--file', mended, '--reason', 'quotes'])).toMatchObject({ code: 0 })
    expect((await ended('edit-7')).status).toBe('completed')
  })

  test('stops between letters when it is told to, and says how many went', async () => {
    for (let i = 0; i < 4; i++) await put({ ...start('edit-8', {}), value: '{' })
    await lettersOf('edit-8', 4)
    const stop = Promise.withResolvers<void>()
    let stopped = false
    const stopping = () => ({
      get stopped() {
        return stopped
      },
      wait: () => stop.promise,
    })
    const shown: string[] = []
    // By this clock half a minute has passed, so that it tells how far it is.
    const progress = {
      show: (line: string) => {
        shown.push(line)
        stopped = true
        stop.resolve()
      },
      clear: () => {},
    }
    let at = 0
    const own = { stopping, progress, now: () => (at += 30_000) }
    const args = [
      'dlq',
      'redrive',
      '--saga',
      'edit-8',
      '--dead-for',
      'not-json',
      '--reason',
      'x',
      '--rate',
      '1',
      '--json',
    ]
    const { code, out, err } = await kasaga(args, own)
    expect([code, JSON.parse(out).redriven.length, JSON.parse(out).left]).toEqual([1, 1, 3])
    expect(err).toContain('3 were not come to')
    expect(shown[0]).toMatch(/^1 of 4 letters, /)
  })

  test('asks whoever sits before it, and does nothing on a no', async () => {
    await put({ ...start('edit-10', {}), value: '{' })
    await letterOf('edit-10')
    const questions: string[] = []
    const confirm = async (question: string) => {
      questions.push(question)
      return false
    }
    const args = ['dlq', 'redrive', '--key', 'edit-10', '--reason', 'x']
    expect(await kasaga(args, { confirm })).toMatchObject({
      code: 1,
      err: expect.stringContaining('nothing was put back'),
    })
    expect(questions[0]).toMatch(/^1 dead letters would be put back, 20 a second/)
    expect((await letterOf('edit-10')).redriven).toBeNull()
    expect(await kasaga([...args, '--yes'], { confirm })).toMatchObject({ code: 0 })
    expect(questions).toHaveLength(1)
  })
})

describe('however letters are mended and put back', () => {
  const act = fc.constantFrom('mend', 'mend otherwise', 'put back')
  let next = 0

  /** All at the same time, by force: as persons do who do not know of each other. */
  const done = (id: string, acts: readonly string[], good: (way: number) => unknown) =>
    Promise.all(
      acts.map(async (one) => {
        if (one === 'put back') return client().redrive({ ids: [id], force: true, ...why })
        const edit = { value: good(one === 'mend' ? 5 : 6) }
        // By then it may be done already.
        return client()
          .editLetter(id, { edit, force: true, ...why })
          .catch((error: unknown) => expect(error).toBeInstanceOf(GatewayError))
      }),
    )

  test('a start is one saga, and goods are reserved once', async () => {
    const acts = fc.array(act, { minLength: 1, maxLength: 4 })
    const isDone = async (own: readonly string[]) => {
      const saga = `once-${next++}`
      await put(start(saga, { id: saga, cents: 'five' }))
      const { id } = await letterOf(saga)
      await done(id, ['mend', ...own], (cents) => ({ id: saga, cents }))
      expect((await ended(saga)).status).toBe('completed')
      const { events } = await client().history(saga)
      expect(events.filter(({ type }) => type === 'saga-started')).toHaveLength(1)
      expect(reserved.get(saga)).toBe(1)
      // Each that was put back and not used is a letter again.
      const back = own.filter((one) => one === 'put back').length
      expect((await lettersOf(saga, 1 + back))[0]).toMatchObject({ id, redriven: { by: 'ada' } })
    }
    await fc.assert(fc.asyncProperty(acts, isDone), { numRuns: 10 })
  })

  test('a command to a participant is carried out once', async () => {
    const command = (saga: string): NewRecord => ({
      ...{ key: saga, value: '{"orderId": 7}' },
      headers: Object.entries({
        ...{ ce_id: `${saga}/1`, ce_type: 'stock.reserve.v1', ce_sagaid: saga, ce_stepid: 'stock' },
        ...{ ce_direction: 'forward', ce_attempt: '1', ce_idempotencykey: `${saga}/stock/forward` },
        ce_replyto: TOPICS.replies,
      }),
    })
    const acts = fc.array(act, { minLength: 1, maxLength: 4 })
    const isDone = async (own: readonly string[]) => {
      const saga = `order-${next++}`
      await put(command(saga), 'stock.commands')
      const { id } = await letterOf(saga)
      await done(id, ['mend', ...own], (way) => ({ orderId: saga, way }))
      // Each is answered, and its saga knows of none.
      const answers = 2 + own.length
      await vi.waitUntil(async () => (await replies(saga)) >= answers, { timeout: WAIT_MS, interval: 20 })
      expect(reserved.get(saga)).toBe(1)
    }
    await fc.assert(fc.asyncProperty(acts, isDone), { numRuns: 10 })
  })

  async function replies(saga: string): Promise<number> {
    let count = 0
    for (const { partition } of await rig.broker.offsets(TOPICS.replies))
      for await (const records of rig.broker.read(TOPICS.replies, partition, 0n))
        count += records.filter(({ key }) => key !== null && Buffer.from(key).toString() === saga).length
    return count
  }
})
