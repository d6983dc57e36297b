/** What operators ask of all sagas together: over HTTP and on the command line, in front of a whole installation. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { httpClient } from '../../shared/client/http-client.ts'
import { approved } from '../support/approved.ts'
import { cliOf } from '../support/cli-runner.ts'
import { fulfil } from '../support/fulfil.ts'
import { openSystem, type SystemRig } from '../support/system-rig.ts'

const WAIT_MS = 30_000
let rig: SystemRig
let url = ''

beforeAll(async () => {
  rig = await openSystem()
  url = (await (await rig.gateway()).listen({ port: 0 })).url
  for (const id of ['lost-1', 'lost-2', 'lost-3', 'fine-1']) await rig.client.start(fulfil, id, { id, cents: 5 })
  const settled = async () => {
    const { stuck, completed } = (await client().counts()).counts
    return stuck === 3 && completed === 1
  }
  await vi.waitUntil(settled, { timeout: WAIT_MS, interval: 50 })
})
afterAll(() => rig?.close())

const kasaga = cliOf(() => url)
const client = () => httpClient({ url })

describe('incidents', () => {
  test('are sagas that fail in the same way, together, whatever their ids', async () => {
    const { incidents } = await client().incidents()
    expect(incidents).toHaveLength(1)
    expect(incidents[0]).toMatchObject({
      ...{ state: 'stuck', definition: 'fulfil', step: 'notify', participant: 'carrier', code: 'no-address' },
      ...{ message: 'nobody to notify', sagas: 3 },
    })
    expect(incidents[0]?.examples.toSorted()).toEqual(['lost-1', 'lost-2', 'lost-3'])
  })

  test('and those sagas one by one', async () => {
    const [incident] = (await client().incidents()).incidents
    const { sagas } = await client().incidentSagas(incident?.fingerprint ?? '')
    expect(sagas.toSorted()).toEqual(['lost-1', 'lost-2', 'lost-3'])
    expect((await client().incidentSagas(incident?.fingerprint ?? '', { limit: 2 })).sagas).toHaveLength(2)
    const told = await kasaga(['incidents', incident?.fingerprint ?? ''])
    expect(told).toMatchObject({ code: 0, err: '' })
    expect(told.out.trim().split('\n').toSorted()).toEqual(['lost-1', 'lost-2', 'lost-3'])
  })

  test('on the command line', async () => {
    const { code, out } = await kasaga(['incidents'])
    expect(code).toBe(0)
    expect(out).toMatch(
      /^[0-9a-f]{12} +stuck +3 +fulfil +notify +carrier +no-address +\S.* lost-\d +nobody to notify$/m,
    )
    expect(JSON.parse((await kasaga(['incidents', '--json'])).out).incidents[0].sagas).toBe(3)
  })

  test.each([
    [['incidents', '0123456789ab'], 1, 'no saga fails in the way'],
    [['incidents', 'nonsense'], 2, '12 hexadecimal digits'],
  ])('%j exits with %i', async (args, code, why) => {
    const said = await kasaga(args)
    expect({ code: said.code, out: said.out }).toEqual({ code, out: '' })
    expect(said.err).toContain(why)
  })
})

describe('definitions', () => {
  test('tell how many sagas of each version live', async () => {
    const { definitions } = await client().definitionCounts()
    expect(definitions.find(({ name }) => name === 'fulfil')).toMatchObject({
      ...{ version: 1, isKnown: true, running: 0, compensating: 0, stuck: 3, paused: 0 },
      oldestAt: expect.any(String),
    })
    expect(definitions.find(({ name }) => name !== 'fulfil')).toMatchObject({ running: 0, oldestAt: null })
    expect((await kasaga(['definitions'])).out).toMatch(/^fulfil +1 +0 +0 +3 +0 +\d/m)
  })
})

describe('the audit', () => {
  test('tells who asked for what, when and why, the newest first, page by page', async () => {
    const asked = { actor: 'ann', reason: 'counted' }
    await client().pause('lost-1', { ...asked, requestId: 'audit-1' })
    await client().resume('lost-1', { ...asked, actor: 'bob', requestId: 'audit-2' })
    const both = async () => (await client().audit({ saga: 'lost-1' })).acts.map(({ requestId }) => requestId)
    await expect.poll(both, { timeout: WAIT_MS }).toEqual(['audit-2', 'audit-1'])
    const first = await client().audit({ saga: 'lost-1', limit: 1 })
    expect(first.acts).toMatchObject([{ type: 'saga-resumed', actor: 'bob', reason: 'counted', step: null }])
    const second = await client().audit({ saga: 'lost-1', limit: 1, after: first.next ?? '' })
    expect(second.acts).toMatchObject([{ type: 'saga-paused', actor: 'ann', saga: 'lost-1', requestId: 'audit-1' }])
    expect(second.next).toBeNull()
    expect((await client().audit({ actor: 'bob' })).acts).toHaveLength(1)
    expect((await client().audit({ type: 'saga-killed' })).acts).toEqual([])
    const { out } = await kasaga(['audit', '--actor', 'ann'])
    expect(out).toMatch(/^\S+Z +ann +saga-paused +lost-1 +audit-1 +counted$/m)
    expect(await kasaga(['audit', '--after', 'nonsense'])).toMatchObject({ code: 1, out: '' })
  })
})

describe('the commands of a saga', () => {
  test('are told with their answers, over HTTP and by kasaga show', async () => {
    const { commands, next } = await client().commands('lost-1')
    const sent = commands.map(({ step, direction, attempt, participant, outcome }) => [
      ...[step, direction, attempt, participant, outcome],
    ])
    expect(sent).toEqual([
      ['stock', 'forward', 1, 'stock', 'success'],
      ['charge', 'forward', 1, 'bank', 'success'],
      ['ship', 'forward', 1, 'carrier', 'success'],
      ['notify', 'forward', 1, 'carrier', 'fatal'],
    ])
    expect(next).toBeNull()
    for (const { sentAt, answeredAt, tookMs } of commands)
      expect(Date.parse(answeredAt ?? '') - Date.parse(sentAt)).toBe(tookMs)
    const first = await client().commands('lost-1', { limit: 3 })
    expect(first).toMatchObject({ commands: commands.slice(0, 3), next: commands[2]?.seq })
    const rest = await client().commands('lost-1', { limit: 3, after: first.next ?? 0 })
    expect(rest).toMatchObject({ commands: commands.slice(3), next: null })
    const { out } = await kasaga(['show', 'lost-1', '--commands'])
    expect(out).toMatch(/^notify +1 +carrier\.notify\.v1 +\S+Z +\d.* +fatal: no-address$/m)
    expect(JSON.parse((await kasaga(['show', 'lost-1', '--commands', '--json'])).out).commands).toEqual(commands)
    await expect(client().commands('nobody')).rejects.toMatchObject({ problem: { code: 'unknown-saga' } })
  })
})

describe('timers', () => {
  test('are what is due when, over HTTP and on the command line', async () => {
    await rig.client.start(approved, 'dear-1', { id: 'dear-1', cents: 500 })
    await rig.client.start(fulfil, 'held-1', { id: 'held-1', cents: 5 })
    const waits = { saga: 'dear-1', kind: 'signal', step: 'ok', direction: 'forward', signal: 'approval' }
    const held = { saga: 'held-1', kind: 'timeout', step: 'stock', attempt: 1, participant: 'stock', signal: null }
    const deadline = { saga: 'held-1', kind: 'deadline', step: null, attempt: null, participant: null }
    const all = async () => (await client().timers()).timers
    // Those of the deadline of the three that are stuck past their pivot are over.
    await expect.poll(all, { timeout: WAIT_MS }).toMatchObject([held, deadline, waits])
    const first = await client().timers({ limit: 2 })
    expect(first.timers).toMatchObject([held, deadline])
    expect((await client().timers({ after: first.next ?? '' })).timers).toMatchObject([waits])
    expect((await client().timers({ kind: 'deadline' })).timers).toMatchObject([deadline])
    expect((await client().timers({ saga: 'dear-1' })).timers).toMatchObject([waits])
    expect((await client().timers({ overdue: true })).timers).toEqual([])
    const { out } = await kasaga(['timers', '--saga', 'dear-1'])
    expect(out).toMatch(/^in 2\d h.* +signal +dear-1 +ok +signal approval$/m)
    expect(await kasaga(['timers', '--overdue'])).toEqual({ code: 0, out: '', err: 'Nothing like that is due.\n' })
    expect((await kasaga(['timers', '--limit', '1'])).err).toMatch(
      /^There are more: --after '\d+~held-1~forward~stock'$/m,
    )
    expect(JSON.parse((await kasaga(['timers', '--json', '--kind', 'timeout'])).out).timers).toMatchObject([held])
    expect(await kasaga(['timers', '--kind', 'nonsense'])).toMatchObject({ code: 2, out: '' })
    expect(await kasaga(['timers', '--after', 'nonsense'])).toMatchObject({ code: 1, out: '' })
  })

  test('stand still while their saga is paused, or are gone where it has ended', async () => {
    const kinds = async () => (await client().timers({ saga: 'held-1' })).timers.map(({ kind }) => kind)
    await client().pause('held-1', { reason: 'so' })
    await expect.poll(kinds, { timeout: WAIT_MS }).toEqual([])
    await client().resume('held-1', { reason: 'so' })
    await expect.poll(kinds, { timeout: WAIT_MS }).toEqual(['timeout', 'deadline'])
    const released = async () => {
      rig.behaviour.release()
      return kinds()
    }
    await expect.poll(released, { timeout: WAIT_MS }).toEqual([])
  })
})

describe('the lag', () => {
  test('is nothing when all is done, by stage and partition', async () => {
    const waiting = async () => (await client().lag()).stages.reduce((sum, { records }) => sum + records, 0)
    await expect.poll(waiting, { timeout: WAIT_MS }).toBe(0)
    const { stages } = await client().lag()
    expect(new Set(stages.map(({ stage }) => stage))).toEqual(new Set(['commands', 'replies', 'views']))
    expect((await kasaga(['lag'])).out).toMatch(/^commands, to be decided +0$/m)
    expect((await kasaga(['lag', '--partitions'])).out).toMatch(/^log, to be in the views +0 +0$/m)
  })
})
