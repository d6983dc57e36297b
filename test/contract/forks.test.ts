/** Sagas that have ended are forked, over the command line and HTTP, in a whole installation whose owner remembers only their end. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { audit } from '../../services/auditor/audit.ts'
import { httpClient } from '../../shared/client/http-client.ts'
import { H } from '../../shared/message/headers.ts'
import { headerOf } from '../../shared/message/record.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { cliOf } from '../support/cli-runner.ts'
import { Asker, expectProblem } from '../support/gateway-asker.ts'
import { leg, manual, tour } from '../support/shapes.ts'
import { DEAR, openSystem, type SystemRig, TOPICS } from '../support/system-rig.ts'

let rig: SystemRig
let url = ''
let asker: Asker

beforeAll(async () => {
  rig = await openSystem([leg, tour, manual])
  const gateway = await rig.gateway({ limits: { startsPerMinute: 100_000, readsPerMinute: 100_000 } })
  asker = new Asker(gateway)
  url = (await gateway.listen({ port: 0 })).url
})
afterAll(() => rig?.close())
beforeEach(() => {
  rig.behaviour.carrierIsDown = false
})

const kasaga = cliOf(() => url)
const client = () => httpClient({ url })
const because = { reason: 'another carrier', actor: 'ann' }

async function started(definition: string, id: string, cents = 100): Promise<string> {
  const { place } = await client().start({ definition, id, input: { id, cents } })
  return `${place?.partition}:${place?.offset}`
}

async function shown(id: string, status: string) {
  await expect.poll(async () => (await client().show(id)).shown, { timeout: 5_000 }).toBe(status)
  return client().show(id)
}

async function ended(definition: string, id: string, cents = 100) {
  const atLeast = await started(definition, id, cents)
  return (await client().show(id, { atLeast, until: 'ended', timeoutMs: 5_000 })).status
}

const release = (id: string, word: string) =>
  client().signal(id, 'release', { payload: { answer: word }, actor: 'ann', roles: ['boss'] })

/** Which steps it began, and which it was given. */
async function stepsOf(id: string): Promise<Record<string, string | null>> {
  const { steps } = await client().show(id)
  return Object.fromEntries(steps.map(({ step, direction, status }) => [`${direction} ${step}`, status]))
}

async function deadLetters(): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = []
  for (const { partition } of await rig.broker.offsets(TOPICS.deadLetters))
    for await (const records of rig.broker.read(TOPICS.deadLetters, partition, 0n))
      for (const record of records) found.push(`${headerOf(record, H.sagaId)}: ${headerOf(record, 'dlq-reason')}`)
  return found
}

describe('a saga that has ended is forked', () => {
  test('where it was completed, by the command line, also once another owner has taken over', async () => {
    expect(await ended('fulfil', 'order-1')).toBe('completed')
    const before = (await client().history('order-1')).events.length
    await rig.takeOver()
    const asked = ['fork', 'order-1', '--from', 'ship', '--id', 'order-1b', '--reason', 'another carrier']
    expect(await kasaga(asked)).toMatchObject({ code: 0, err: '', out: expect.stringContaining('order-1b') })
    const fork = await client().show('order-1b', { until: 'ended', timeoutMs: 5_000 })
    expect(fork).toMatchObject({ status: 'completed', origin: { saga: 'order-1', step: 'ship' } })
    expect(await stepsOf('order-1b')).toEqual({
      'forward stock': 'given',
      'forward charge': 'given',
      'forward ship': 'succeeded',
      'forward notify': 'succeeded',
    })
    expect((await kasaga(['show', 'order-1b'])).out).toContain('fork of order-1, from step ship')
    const [begun] = (await client().history('order-1b')).events
    const origin = { sagaId: 'order-1', step: 'ship', seq: before, actor: 'ann', reason: 'another carrier' }
    expect(begun).toMatchObject({ type: 'saga-started', data: { origin } })
    // It is closed: nothing is added to its history.
    expect((await client().history('order-1')).events).toHaveLength(before)
  })

  test('where it was compensated: what was undone is done again, with another input', async () => {
    expect(await ended('fulfil', 'order-2', DEAR)).toBe('compensated')
    const input = ['--input', '{"id":"order-2","cents":5}']
    const asked = ['fork', 'order-2', '--from', 'charge', '--id', 'order-2b', '--reason', 'cheaper', ...input]
    expect(await kasaga(asked)).toMatchObject({ code: 0, err: '' })
    const fork = await client().show('order-2b', { until: 'ended', timeoutMs: 5_000 })
    expect(fork).toMatchObject({ status: 'completed' })
    expect(await stepsOf('order-2b')).toMatchObject({ 'forward stock': 'succeeded', 'forward charge': 'succeeded' })
  })

  test('where it was killed: it goes on with what was done by then, through a take-over', async () => {
    await started('manual', 'manual-1')
    await shown('manual-1', 'waiting')
    await client().kill('manual-1', because)
    await shown('manual-1', 'failed')
    await rig.takeOver()
    const { fork } = await client().fork('manual-1', { ...because, step: 'release' })
    await shown(fork, 'waiting')
    expect(await stepsOf(fork)).toEqual({ 'forward charge': 'given', 'forward release': 'waiting' })
    await release(fork, 'yes')
    await shown(fork, 'completed')
  })

  test('where it had children: they are given as they ended, and each of them can be forked too', async () => {
    await started('tour', 'tour-1')
    await shown('tour-1', 'waiting')
    await release('tour-1', 'yes')
    await shown('tour-1', 'completed')
    await rig.takeOver()
    await client().fork('tour-1', { ...because, step: 'release', fork: 'tour-1b' })
    await shown('tour-1b', 'waiting')
    expect(await stepsOf('tour-1b')).toEqual({ 'forward parts': 'given', 'forward release': 'waiting' })
    await release('tour-1b', 'yes')
    await shown('tour-1b', 'completed')
    const child = (await client().show('tour-1')).steps.find(({ step }) => step === 'parts[goods].leg')?.child ?? ''
    expect(await client().show(child)).toMatchObject({ status: 'completed', parent: { saga: 'tour-1' } })
    await client().fork(child, { ...because, step: 'stock', fork: 'leg-1b' })
    expect(await shown('leg-1b', 'completed')).toMatchObject({ parent: null, origin: { saga: child } })
  })

  test('where it is a fork itself', async () => {
    await client().fork('order-1b', { ...because, step: 'notify', fork: 'order-1c' })
    await shown('order-1c', 'completed')
    expect(await stepsOf('order-1c')).toMatchObject({ 'forward ship': 'given', 'forward notify': 'succeeded' })
  })

  test('once, however often the same is asked', async () => {
    const ask = () => client().fork('order-1', { ...because, step: 'charge', requestId: 'once' })
    const { fork } = await ask()
    await shown(fork, 'completed')
    await rig.takeOver()
    expect((await ask()).fork).toBe(fork)
    expect((await client().history(fork)).events.filter(({ type }) => type === 'saga-started')).toHaveLength(1)
  })

  test('also where it was forked so while it lived', async () => {
    await started('manual', 'manual-2')
    await shown('manual-2', 'waiting')
    const ask = () => client().fork('manual-2', { ...because, step: 'release', requestId: 'early' })
    const { fork } = await ask()
    await shown(fork, 'waiting')
    await release('manual-2', 'yes')
    await shown('manual-2', 'completed')
    expect((await ask()).fork).toBe(fork)
    await client().fork('manual-2', { ...because, step: 'release', requestId: 'late', fork: 'manual-2b' })
    await shown('manual-2b', 'waiting')
    await release('manual-2b', 'yes')
    await release(fork, 'yes')
    await shown('manual-2b', 'completed')
    await shown(fork, 'completed')
  })

  test('while its end is not in the views yet: the owner refuses it, and it is forked all the same', async () => {
    await started('manual', 'manual-3')
    await shown('manual-3', 'waiting')
    // The end is in the log, but not in what the gateway looks at first.
    const late = { ...because, step: 'release', fork: 'manual-3b' }
    const [, forked] = await Promise.all([release('manual-3', 'yes'), client().fork('manual-3', late)])
    expect(forked.fork).toBe('manual-3b')
    await shown('manual-3b', 'waiting')
    await release('manual-3b', 'yes')
    await shown('manual-3b', 'completed')
  })
})

describe('a fork that is not possible is refused at once', () => {
  const refused = (id: string, body: object) => asker.post(`/v1/sagas/${id}/fork`, { ...because, ...body })

  test('with the reason that an orchestrator would give', async () => {
    const before = await deadLetters()
    expectProblem(await refused('order-1', { step: 'nowhere' }), 422, 'unknown-step')
    expectProblem(await refused('order-1', { step: 'ship', input: { id: 7 } }), 422, 'invalid-input')
    expectProblem(await refused('order-1', { step: 'ship', version: 9 }), 422, 'unknown-definition')
    expectProblem(await refused('order-1', { step: 'ship', fork: 'order-2' }), 409, 'start-conflict')
    expectProblem(await refused('order-1', { step: 'ship', fork: 'order-1' }), 409, 'start-conflict')
    expectProblem(await refused('order-1', { step: 'notify', fork: 'order-1b' }), 409, 'start-conflict')
    expectProblem(await refused('tour-1', { step: 'nowhere' }), 422, 'unknown-step')
    await started('manual', 'manual-4')
    await shown('manual-4', 'waiting')
    expectProblem(await refused('manual-4', { step: 'nowhere' }), 422, 'unknown-step')
    expect(await deadLetters()).toEqual(before)
  })

  test('and the command line says so', async () => {
    const said = await kasaga(['fork', 'order-1', '--from', 'nowhere', '--reason', 'so'])
    expect(said).toMatchObject({ code: 1, err: expect.stringContaining('fulfil has no step nowhere of its own') })
  })
})

test('the auditor finds all of it in order, and the views as the log says', async () => {
  const { broker, views, definitions } = rig
  const report = await audit({ broker, topics: TOPICS, views, definitions, commands: true, log: noLog })
  expect(report.violations).toEqual([])
})
