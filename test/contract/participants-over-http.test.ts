/** Limits set, seen and taken away over HTTP and on the command line, in front of a whole installation. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { httpClient } from '../../shared/client/http-client.ts'
import type { ParticipantLimits } from '../../shared/flow/limits.ts'
import { cliOf } from '../support/cli-runner.ts'
import { fulfil } from '../support/fulfil.ts'
import { openSystem, type SystemRig } from '../support/system-rig.ts'

let rig: SystemRig
let url = ''

beforeAll(async () => {
  rig = await openSystem()
  url = (await (await rig.gateway()).listen({ port: 0 })).url
})
afterAll(() => rig?.close())

const kasaga = cliOf(() => url)
const client = () => httpClient({ url })
const seen = (name: string) => client().participant(name)
const sagasHeldBy = async (name: string) => (await seen(name)).waiting.map(({ saga }) => saga)

async function limited(limits: ParticipantLimits): Promise<void> {
  await client().setLimits('bank', limits, { reason: 'a test', actor: 'ada' })
  await expect.poll(async () => (await seen('bank')).limits, { timeout: 5_000 }).toEqual(limits)
  await expect.poll(() => rig.limitsFollowed(), { timeout: 5_000 }).toBe(true)
}

async function start(id: string): Promise<void> {
  await rig.client.start(fulfil, id, { id, cents: 5 })
}

describe('limits', () => {
  test('hold the steps back, which are seen in the order in which they go; without limits they go on', async () => {
    await limited({ ratePerSecond: 0.001 })
    for (const id of ['http-1', 'http-2', 'http-3', 'http-4']) await start(id)
    // One goes: a bucket begins with a token.
    await expect.poll(() => sagasHeldBy('bank'), { timeout: 5_000 }).toHaveLength(3)
    await expect.poll(async () => (await seen('bank')).inFlight, { timeout: 5_000 }).toBe(0)
    const bank = await seen('bank')
    expect(bank).toMatchObject({ held: 3, setBy: 'ada', reason: 'a test', openBreakers: [] })
    expect(bank.waiting.every(({ step, direction }) => step === 'charge' && direction === 'forward')).toBe(true)
    expect(bank.waiting.map(({ heldAt }) => heldAt)).toEqual(bank.waiting.map(({ heldAt }) => heldAt).toSorted())

    const told = await kasaga(['participants', 'bank'])
    expect(told.out).toMatch(/^bank +0\.001\/s +closed +0 +3 +/m)
    expect(told.out).toMatch(/^http-\d +charge +5 +/m)

    const cleared = await kasaga(['limits', 'clear', 'bank', '--reason', 'over'])
    expect(cleared).toMatchObject({ code: 0, out: 'bank: no limits any more\n' })
    await expect.poll(() => sagasHeldBy('bank'), { timeout: 10_000 }).toEqual([])
    for (const id of ['http-1', 'http-2', 'http-3', 'http-4'])
      expect((await client().show(id, { until: 'ended', timeoutMs: 5_000 })).status).toBe('completed')
    await expect.poll(async () => (await seen('bank')).limits, { timeout: 5_000 }).toBeNull()
  })

  test('and how it has answered is told, of what has ended in the last minutes', async () => {
    const recent = async () => (await client().participant('bank', { minutes: 60 })).recent
    await expect.poll(recent, { timeout: 10_000 }).toMatchObject({ steps: 4, attempts: 4, minutes: 60 })
    const { p50Ms, p95Ms, p99Ms, ...rest } = (await recent()) ?? expect.fail('nothing has ended')
    expect(rest).toEqual({ minutes: 60, steps: 4, attempts: 4, retries: 0, timeouts: 0, late: 0, isSample: false })
    expect(p50Ms).toBeGreaterThanOrEqual(0)
    expect([p50Ms, p95Ms, p99Ms]).toEqual([p50Ms, p95Ms, p99Ms].toSorted((a, b) => Number(a) - Number(b)))
    const { participants } = await client().participants({ minutes: 60 })
    expect(participants.map(({ name, recent }) => [name, recent?.steps])).toEqual([
      ['bank', 4],
      ['carrier', 8],
      ['stock', 4],
    ])
    const told = await kasaga(['participants', '--minutes', '60'])
    expect(told.out).toMatch(/^bank +none +closed +0 +0 +\d+ m?s +\d+ m?s +\d+ m?s +0 % +0 % +0$/m)
    expect(await kasaga(['participants', '--minutes', '61'])).toMatchObject({ code: 2, out: '' })
  })

  test('are set by the command line, with who and why', async () => {
    const set = ['limits', 'set', 'carrier', '--rate', '50', '--key-concurrency', '2', '--probes', '1']
    expect(await kasaga([...set, '--reason', 'agreed'])).toMatchObject({ code: 0 })
    await expect
      .poll(async () => (await kasaga(['limits', 'list'])).out, { timeout: 5_000 })
      .toMatch(/^carrier +50\/s, per key: concurrency 2, breaker probes=1 +ann .* agreed$/m)
    await kasaga(['limits', 'clear', 'carrier', '--reason', 'over'])
  })

  test('that say nothing, or nothing that can be, are refused with what is wrong', async () => {
    expect(await kasaga(['limits', 'set', 'bank', '--reason', 'x'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('the limits cannot be used: says nothing'),
    })
    const asked = client().setLimits('bank', { burst: 3 }, { reason: 'x' })
    await expect(asked).rejects.toMatchObject({
      problem: { code: 'invalid-request', detail: expect.stringContaining('burst goes with ratePerSecond') },
    })
    await expect(client().setLimits('Bank', { concurrency: 1 }, { reason: 'x' })).rejects.toMatchObject({
      problem: { code: 'invalid-request' },
    })
    await expect(client().setLimits('bank', { concurrency: 1 }, { reason: ' ' })).rejects.toMatchObject({
      problem: { code: 'invalid-request' },
    })
  })

  test('of a participant that nobody has heard of are none', async () => {
    expect(await seen('nobody')).toMatchObject({ limits: null, held: 0, inFlight: 0, waiting: [] })
  })
})
