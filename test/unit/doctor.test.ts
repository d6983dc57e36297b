/** What `kasaga doctor` finds, says, and exits with. */
import { describe, expect, test } from 'vitest'
import { type DoctorFinding, doctorCommand } from '../../services/cli/commands/doctor.ts'
import { examineGateway } from '../../services/doctor/ask-gateway.ts'
import {
  judgeClock,
  judgeDefinitions,
  judgeDisk,
  judgeLag,
  judgeSagas,
  judgeTopics,
  judgeViews,
} from '../../services/doctor/findings.ts'
import { examineHome } from '../../services/doctor/home.ts'
import { definitions } from '../../services/orders/definitions.ts'
import type { LagAnswer } from '../../shared/client/operator-api.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import { cliOf } from '../support/cli-runner.ts'

const spec = (name: string, partitions = 4) => ({ name, partitions, retention: 'forever' as const })
const status = (found: { status: string }) => found.status
const at = '2026-01-01T00:01:00.000Z'

function lag(records: number, oldestAt: string | null): LagAnswer {
  const none = { partition: 0, records: 0, oldestAt: null }
  return {
    at,
    stages: [
      { stage: 'commands', partition: 0, records, oldestAt },
      { stage: 'commands', partition: 1, records: 1, oldestAt: at },
      { stage: 'replies', ...none },
      { stage: 'views', ...none },
    ],
  }
}

const counts = { running: 4, compensating: 1, stuck: 0, paused: 0, completed: 9, compensated: 0, failed: 0 }
const sagas = { counts, unreadable: 0, stopped: 0, total: 14 }
const live = { version: 1, running: 2, compensating: 0, stuck: 1, paused: 0, oldestAt: null }
const view = (projection: string, version: number) => ({ projection, version, checkpoints: [] })

describe('each part', () => {
  test.each([
    ['all topics', judgeTopics([spec('a')], [spec('a'), spec('b')]), 'ok', 'all 1'],
    ['a topic that is missing', judgeTopics([spec('a'), spec('b')], [spec('b')]), 'down', 'missing: a'],
    ['another number of partitions', judgeTopics([spec('a')], [spec('a', 3)]), 'down', 'a has 3 partitions, not 4'],
    ['a clock that is right', judgeClock('it', 400), 'ok', '400 ms ahead'],
    ['a clock that is off', judgeClock('it', -5_000), 'degraded', '5000 ms behind'],
    ['a clock that is wrong', judgeClock('it', 90_000), 'down', '90000 ms ahead'],
    ['what has just come', judgeLag(lag(7, '2026-01-01T00:00:50.000Z'))[0], 'ok', '8 records wait'],
    ['what waits for long', judgeLag(lag(7, '2026-01-01T00:00:00.000Z'))[0], 'degraded', 'the oldest for 60 s'],
    ['sagas on their way', judgeSagas(sagas), 'ok', '5 on their way'],
    ['stuck sagas', judgeSagas({ ...sagas, counts: { ...counts, stuck: 2 } }), 'degraded', '2 stuck'],
    ['quarantined ones', judgeSagas({ ...sagas, unreadable: 1, stopped: 3 }), 'degraded', '1 unreadable, 3 stopped'],
    ['known versions', judgeDefinitions([{ name: 'a', isKnown: true, ...live }]), 'ok', 'has its version'],
    ['lost versions', judgeDefinitions([{ name: 'a', isKnown: false, ...live }]), 'degraded', '3 of a version 1'],
    ['room on the disk', judgeDisk({ free: 5e10, total: 1e11 }), 'ok', '50000 MB of 100000 MB'],
    ['little room', judgeDisk({ free: 9e8, total: 1e11 }), 'degraded', '900 MB'],
    ['no room', judgeDisk({ free: 1e6, total: 1e11 }), 'down', '1 MB'],
    ['views', judgeViews([view('a', 2)], [{ name: 'a', version: 2 }]), 'ok', 'a'],
    ['a view of another version', judgeViews([view('a', 1)], [{ name: 'a', version: 2 }]), 'degraded', 'not 2'],
    ['no view', judgeViews([], [{ name: 'a', version: 2 }]), 'degraded', 'a is not there'],
  ])('%s', (_, found, is, says) => {
    expect(found?.status).toBe(is)
    expect(found?.says).toContain(says)
    expect(found?.next !== undefined).toBe(is !== 'ok')
  })
})

test('a gateway is asked for all that it knows', async () => {
  const gateway = {
    counts: async () => sagas,
    lag: async () => lag(0, null),
    definitionCounts: async () => ({ definitions: [{ name: 'a', isKnown: true, ...live }] }),
  }
  const findings = await examineGateway(gateway, () => Date.parse(at) - 10_000)
  expect(findings.map(({ check }) => check)).toEqual([
    ...['gateway', 'clock', 'lag of commands', 'lag of replies', 'lag of views', 'sagas', 'definitions'],
  ])
  expect(findings.filter((one) => status(one) !== 'ok').map(({ check }) => check)).toEqual(['clock'])
})

test('a home that does not open is a finding, and one that a process has is none', async () => {
  const opening = (code: string) => async () => {
    throw new OperationalError(code, 'no', { where: 'test', retriable: true })
  }
  const examine = (code: string, dataDir?: string) =>
    examineHome({ prefix: 'kasaga', definitions, dataDir, openHome: opening(code) })
  expect(await examine('broker-unreachable')).toMatchObject([{ check: 'brokers', status: 'down', says: 'no' }])
  const owned = await examine('log-owned', '.')
  expect(owned.at(-1)).toMatchObject({ check: 'log', status: 'ok', next: expect.stringContaining('--url') })
})

const ok: DoctorFinding = { check: 'topics', status: 'ok', says: 'all are there' }
const degraded: DoctorFinding = { check: 'sagas', status: 'degraded', says: '2 stuck', next: 'kasaga incidents' }
const down: DoctorFinding = { check: 'database', status: 'down', says: 'refused', next: 'start it' }

test.each([
  [0, [ok]],
  [1, [ok, degraded]],
  [2, [ok, degraded, down]],
])('exits with %i by the worst that is found', async (code, findings) => {
  const doctor = doctorCommand(async () => findings)
  const said = await cliOf(() => 'http://127.0.0.1:1')(['doctor'], {}, [doctor])
  expect(said.code).toBe(code)
  for (const { check, says, next = '' } of findings)
    expect(said.out).toMatch(new RegExp(`^(ok|degraded|down) +${check} +${says} *${next}$`, 'm'))
  const { out } = await cliOf(() => 'http://127.0.0.1:1')(['doctor', '--json'], {}, [doctor])
  expect(JSON.parse(out)).toEqual({ status: findings.at(-1)?.status, findings })
})
