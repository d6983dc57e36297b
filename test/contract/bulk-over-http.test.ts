/** Bulk acts over HTTP and on the command line, in front of a whole installation. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { BulkDriver } from '../../services/gateway/bulk/bulk-driver.ts'
import { startBulkDriver } from '../../services/gateway/bulk/start-driver.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { systemIds } from '../../shared/adapters/system/system-ids.ts'
import { httpClient } from '../../shared/client/http-client.ts'
import { noLog, noMetrics } from '../../shared/ports/telemetry.ts'
import { cliOf } from '../support/cli-runner.ts'
import { fulfil } from '../support/fulfil.ts'
import { openSystem, type SystemRig, TOPICS } from '../support/system-rig.ts'

const WAIT_MS = 30_000
let rig: SystemRig
let driver: BulkDriver
let url = ''

const kasaga = cliOf(() => url)
const client = () => httpClient({ url })
const LOST = ['lost-1', 'lost-2', 'lost-3', 'lost-4', 'lost-5', 'lost-6']
const HELD = ['held-1', 'held-2', 'held-3', 'held-4']

beforeAll(async () => {
  rig = await openSystem()
  const gateway = await rig.gateway({ limits: { startsPerMinute: 100_000, readsPerMinute: 100_000 } })
  url = (await gateway.listen({ port: 0 })).url
  const shared = { clock: systemClock, ids: systemIds, log: noLog, metrics: noMetrics, topics: TOPICS }
  driver = startBulkDriver({ ...rig, ...shared, prefix: 'kasaga' })
  for (const id of [...LOST, ...HELD, 'fine-1']) await rig.client.start(fulfil, id, { id, cents: 5 })
  const settled = async () => {
    const { stuck, completed, running } = (await client().counts()).counts
    const held = await client().list({ step: 'stock', participant: 'stock' })
    return stuck === LOST.length && completed === 1 && running === HELD.length && held.sagas.length === HELD.length
  }
  await vi.waitUntil(settled, { timeout: WAIT_MS, interval: 50 })
})
afterAll(async () => {
  await driver?.stop()
  await rig?.close()
})

const why = { reason: 'the carrier is back', actor: 'ada' }
const retry = { kind: 'retry' } as const
const ended = (id: string) =>
  vi.waitUntil(
    async () => {
      const bulk = await client().bulkShow(id)
      return bulk.endedAt === null ? undefined : bulk
    },
    { timeout: WAIT_MS, interval: 50 },
  )
const eventsOf = async (saga: string, type: string) =>
  (await client().history(saga)).events.filter((event) => event.type === type)

describe('the filter', () => {
  const idsOf = async (call: Parameters<ReturnType<typeof httpClient>['list']>[0]) =>
    (await client().list(call)).sagas.map(({ id }) => id).toSorted()

  test('finds sagas by where they stand', async () => {
    const [incident] = (await client().incidents()).incidents
    expect(await idsOf({ step: 'notify' })).toEqual(LOST)
    expect(await idsOf({ step: 'stock' })).toEqual(HELD)
    expect(await idsOf({ participant: 'carrier' })).toEqual(LOST)
    expect(await idsOf({ participant: 'bank' })).toEqual([])
    expect(await idsOf({ incident: incident?.fingerprint ?? '' })).toEqual(LOST)
    expect(await idsOf({ definition: 'fulfil', version: 2 })).toEqual([])
    expect(await idsOf({ version: 1, idPrefix: 'held-' })).toEqual(HELD)
    expect(await idsOf({ participant: 'stock', status: 'stuck' })).toEqual([])
  })

  test('finds sagas by when they were started', async () => {
    const { startedAt } = await client().show('held-2')
    const at = startedAt ?? ''
    const later = await idsOf({ startedFrom: at })
    const before = await idsOf({ startedBefore: at })
    expect(later).toContain('held-2')
    expect([...later, ...before].toSorted()).toEqual([...LOST, ...HELD, 'fine-1'].toSorted())
    const told = await kasaga(['list', '--started-before', at, '--at-step', 'notify', '--version', '1', '--json'])
    expect(
      JSON.parse(told.out)
        .sagas.map(({ id }: { id: string }) => id)
        .toSorted(),
    ).toEqual(LOST)
  })

  test.each(['incident=nonsense', 'startedFrom=yesterday', 'version=0', 'participant=A', 'step=%00'])(
    'that is none is refused: %s',
    async (query) => expect((await fetch(`${url}/v1/sagas?${query}`)).status).toBe(400),
  )
})

describe('what is not asked', () => {
  test('an empty filter is refused, and nothing is asked', async () => {
    const empty = { act: { kind: 'kill' }, filter: {}, ...why } as const
    await expect(client().bulk(empty)).rejects.toMatchObject({ problem: { status: 400, code: 'empty-filter' } })
    const attributes = { ...empty, filter: { attributes: {} } }
    await expect(client().bulk(attributes)).rejects.toMatchObject({ problem: { code: 'empty-filter' } })
    await expect(client().bulkPreview(empty)).rejects.toMatchObject({ problem: { code: 'empty-filter' } })
    const told = await kasaga(['bulk', 'kill', '--reason', 'x', '--yes'])
    expect(told).toMatchObject({ code: 2, out: '' })
    expect(told.err).toContain('an empty filter means every one')
  })

  test('a dry run counts who is open to it and who is not, by reason, and asks nothing', async () => {
    const filter = { definition: 'fulfil' }
    const preview = await client().bulkPreview({ act: retry, filter })
    expect(preview).toMatchObject({ sagas: 11, open: 6, refused: { 'not-stuck': 4, ended: 1 } })
    expect(preview.sample).toHaveLength(5)
    const cancel = await client().bulkPreview({ act: { kind: 'cancel' }, filter })
    expect(cancel).toMatchObject({ open: 10, refused: { ended: 1 } })
    const atStep = await client().bulkPreview({ act: { kind: 'retry', step: 'charge' }, filter: { status: 'stuck' } })
    expect(atStep).toMatchObject({ sagas: 6, open: 0, refused: { 'not-at-step': 6 } })
    const skip = { kind: 'skip', step: 'stock', output: null, notDone: false } as const
    expect(await client().bulkPreview({ act: skip, filter })).toMatchObject({ open: 4, refused: { 'not-at-step': 6 } })
    const told = await kasaga(['bulk', 'retry', '--definition', 'fulfil', '--dry-run', '--rate', '2'])
    expect(told.out).toMatch(
      /^11 sagas match; 6 are open to retry, 5 are not: 4 not-stuck, 1 ended; at 2 a second it takes 3 s\n/,
    )
    expect(told.out).toMatch(/^and 6 more$/m)
    expect((await client().bulks()).bulks).toEqual([])
  })

  test('the command line tells the count and does nothing before it is told to', async () => {
    const told = await kasaga(['bulk', 'retry', '--status', 'stuck', '--reason', 'x'])
    expect(told).toMatchObject({ code: 2, out: '' })
    expect(told.err).toContain('6 sagas match; 6 are open to retry')
    expect(told.err).toContain('with --yes')
    const silent = await kasaga(['bulk', 'retry', '--status', 'stuck', '--yes'])
    expect(silent).toMatchObject({ code: 2, out: '' })
    expect(silent.err).toContain('say why')
    expect((await client().bulks()).bulks).toEqual([])
  })

  test('what is unknown, or no bulk act, is refused', async () => {
    await expect(client().bulkShow('bulk-none')).rejects.toMatchObject({ problem: { code: 'unknown-bulk' } })
    await expect(client().bulkAbort('bulk-none', why)).rejects.toMatchObject({ problem: { status: 404 } })
    await expect(client().bulkShow('none')).rejects.toMatchObject({ problem: { status: 400 } })
    const odd = { act: { kind: 'start' }, filter: { status: 'stuck' }, ...why } as never
    await expect(client().bulk(odd)).rejects.toMatchObject({ problem: { status: 400 } })
    const fast = { act: retry, filter: { status: 'stuck' }, rate: 501, ...why } as const
    await expect(client().bulk(fast)).rejects.toMatchObject({ problem: { status: 400 } })
  })
})

describe('what is asked', () => {
  test('a pause of many is asked once of each, and is told whole: who, why, of which, of how many', async () => {
    const call = { act: { kind: 'pause', timers: 'hold' }, filter: { idPrefix: 'held-' }, ...why } as const
    const asked = await client().bulk({ ...call, requestId: 'count-1' })
    expect(asked).toMatchObject({ id: 'bulk-count-1', actor: 'ada', reason: why.reason, rate: 20 })
    expect(await ended(asked.id)).toMatchObject({ state: 'done', sagas: 4, done: 4, refused: {}, left: 0 })
    for (const id of HELD) await vi.waitUntil(async () => (await client().show(id)).status === 'paused')
    for (const id of HELD)
      expect(await eventsOf(id, 'saga-paused')).toMatchObject([
        { data: { actor: 'ada', reason: why.reason, requestId: `bulk-count-1/${id}` } },
      ])
    expect((await client().audit({ actor: 'ada' })).acts.map(({ saga }) => saga).toSorted()).toEqual(HELD)
    // The same request again is the same bulk act; another one under its id is refused.
    expect(await client().bulk({ ...call, requestId: 'count-1' })).toMatchObject({ id: asked.id, state: 'done' })
    const other = { ...call, filter: { idPrefix: 'lost-' }, requestId: 'count-1' }
    await expect(client().bulk(other)).rejects.toMatchObject({ problem: { status: 409, code: 'bulk-conflict' } })
    await expect(client().bulkAbort(asked.id, why)).rejects.toMatchObject({ problem: { code: 'bulk-ended' } })
  })

  test('who is not open to it any more is counted by reason, and is not asked', async () => {
    const again = await client().bulk({ act: { kind: 'pause', timers: 'hold' }, filter: { idPrefix: 'held-' }, ...why })
    expect(await ended(again.id)).toMatchObject({ done: 0, refused: { 'already-paused': 4 }, left: 0 })
    const none = await client().bulk({ act: retry, filter: { idPrefix: 'nobody-' }, ...why })
    expect(await ended(none.id)).toMatchObject({ state: 'done', sagas: 0, done: 0, left: 0 })
    for (const id of HELD) expect(await eventsOf(id, 'saga-paused')).toHaveLength(1)
  })

  test('what is aborted asks no more, and what was asked stays asked', async () => {
    const slow = await kasaga([
      'bulk',
      'resume',
      '--prefix',
      'held-',
      '--rate',
      '1',
      '--reason',
      'counted',
      '--yes',
      '--json',
    ])
    const { id } = JSON.parse(slow.out)
    await vi.waitUntil(async () => (await client().bulkShow(id)).done > 0, { timeout: WAIT_MS })
    const told = await kasaga(['bulk', 'abort', id, '--reason', 'not yet'])
    expect(told).toMatchObject({ code: 0, out: expect.stringContaining('is to ask no more') })
    const bulk = await ended(id)
    expect(bulk).toMatchObject({ state: 'aborted', abortedBy: { actor: 'ann', reason: 'not yet' } })
    expect(bulk.done).toBeLessThan(HELD.length)
    expect(bulk.left).toBe(HELD.length - bulk.done)
    const counted = async () => (await client().list({ idPrefix: 'held-', status: 'paused' })).sagas.length
    await vi.waitUntil(async () => (await counted()) === bulk.left)
    const shown = await kasaga(['bulk', 'show', id])
    expect(shown.out).toMatch(/^bulk-\S+ {2}aborted\nact +resume\nsagas +idPrefix=held-\nasked by +ann: counted\n/)
    expect(shown.out).toMatch(/^aborted by ann: not yet$/m)
  })

  test('stuck sagas are retried by their incident on the command line, and end', async () => {
    rig.behaviour.carrierIsDown = false
    const [incident] = (await client().incidents()).incidents
    const asked = ['bulk', 'retry', '--incident', incident?.fingerprint ?? '', '--reason', 'back', '--rate', '100']
    const told = await kasaga([...asked, '--yes', '--wait'])
    expect(told).toMatchObject({ code: 0 })
    expect(told.err).toContain('6 sagas match; 6 are open to retry')
    expect(told.out).toMatch(/^so far +6 of 6 asked, none refused, 0 left$/m)
    for (const id of LOST) expect((await client().show(id, { until: 'ended' })).status).toBe('completed')
    for (const id of LOST) expect(await eventsOf(id, 'retry-requested')).toHaveLength(1)
    const list = await kasaga(['bulk', 'list'])
    expect(list.out).toMatch(
      /^ID +STATE +ACT +DONE +REFUSED +LEFT +RATE +FOR +WHO +SAGAS +WHY\nbulk-\S+ +done +retry +6 +0 +0 +100\/s /,
    )
    expect(list.out).toMatch(/^bulk-count-1 +done +pause +4 +0 +0 +20\/s .* ada +idPrefix=held- +the carrier is back$/m)
  })
})
