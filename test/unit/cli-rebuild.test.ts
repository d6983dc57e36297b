/** What `kasaga rebuild` takes and says. */
import { expect, test } from 'vitest'
import { type RebuildCommandOptions, rebuildCommand } from '../../services/cli/commands/rebuild.ts'
import { type Rebuilds, rebuildText, runRebuild } from '../../services/cli/rebuild-run.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import { cliOf } from '../support/cli-runner.ts'

const kasaga = cliOf(() => 'http://127.0.0.1:1')
const same = { same: 12, differing: 0, onlyBefore: 0, onlyAfter: 0, isWhole: true }
const tables = [
  { table: 'sagas', ...same },
  { table: 'steps', ...same, differing: 3, onlyAfter: 1, isWhole: false },
]
const rebuilt = {
  view: 'sagas',
  version: 7,
  before: 6,
  records: 50_000,
  elapsedMs: 2_000,
  tables,
  keptUntil: 86_400_000,
}
const checkpoint = {
  projection: 'sagas',
  version: 6,
  partition: 0,
  nextOffset: 40n,
  nextNumber: 3,
  commands: 0n,
  replies: 0n,
  at: 1_000,
}

const asked: unknown[] = []
const views: Rebuilds = {
  list: async () => [
    { projection: 'sagas', version: 6, checkpoints: [checkpoint, { ...checkpoint, partition: 1, at: 2_000 }] },
    { projection: 'sagas', beside: 'kept', version: 5, checkpoints: [checkpoint], keptUntil: 3_000 },
  ],
  rebuild: async (...how) => {
    asked.push(how)
    return rebuilt
  },
  rollBack: async (view, { keepMs }) => {
    asked.push([view, keepMs])
    throw new OperationalError('nothing-kept', 'nothing is kept of sagas', { where: 'test', retriable: false })
  },
  asOf: async (...how) => {
    asked.push(how)
    return { records: 10, elapsedMs: 5 }
  },
  drop: async (_, name) => `kasaga_at_${name}`,
}
const command = rebuildCommand((view, options: RebuildCommandOptions) => runRebuild(views, view, options))
const rebuild = (...args: string[]) => kasaga(['rebuild', ...args, '--data-dir', 'x'], {}, [command])

test('says what is read now, how much of it is as it was, and until when the one before is kept', async () => {
  const { code, out } = await rebuild('sagas')
  expect(code).toBe(0)
  expect(out).toContain('sagas version 7 is read now, where version 6 was; 50000 records in 2.0 s, 25000/s')
  expect(out).toMatch(/^sagas +12 +0 +0 +0$/m)
  expect(out).toMatch(/^steps +12 +3 +0 +1 +too many differ/m)
  expect(out).toContain('kept until 1970-01-02T00:00:00.000Z: --rollback')
  expect(JSON.parse((await rebuild('sagas', '--json')).out)).toEqual({
    kind: 'rebuilt',
    ...rebuilt,
    keptUntil: '1970-01-02T00:00:00.000Z',
  })
})

test('compares and keeps as it is told', async () => {
  asked.length = 0
  await rebuild('sagas', '--no-compare', '--keep', '2 h')
  await rebuild('sagas')
  expect(asked).toEqual([
    ['sagas', { compares: false, keepMs: 7_200_000 }],
    ['sagas', { compares: true, keepMs: 86_400_000 }],
  ])
})

test('lists what there is', async () => {
  const { out } = await rebuild()
  expect(out).toMatch(/^sagas +6 +kasaga +80 +1970-01-01T00:00:02.000Z$/m)
  expect(out).toMatch(/^sagas +5 +kasaga_kept +40 +1970-01-01T00:00:01.000Z +1970-01-01T00:00:03.000Z$/m)
  expect(JSON.parse((await rebuild('--json')).out).views[1]).toEqual({
    view: 'sagas',
    version: 5,
    schema: 'kasaga_kept',
    records: '40',
    asOf: '1970-01-01T00:00:01.000Z',
    keptUntil: '1970-01-01T00:00:03.000Z',
  })
})

test('as of a time or a place, under a name', async () => {
  asked.length = 0
  const done = await rebuild('sagas', '--as-of', '2026-11-20T09:00:00Z', '--name', 'sale', '--json')
  expect(JSON.parse(done.out)).toEqual({
    kind: 'as-of',
    view: 'sagas',
    schema: 'kasaga_at_sale',
    records: 10,
    elapsedMs: 5,
  })
  await rebuild('sagas', '--as-of', '2:1500', '--name', 'sale')
  expect(asked).toEqual([
    ['sagas', { until: { time: Date.parse('2026-11-20T09:00:00Z') }, name: 'sale' }],
    ['sagas', { until: { partition: 2, offset: 1500n }, name: 'sale' }],
  ])
  expect((await rebuild('sagas', '--drop', 'sale')).out).toBe('kasaga_at_sale has no sagas any more\n')
})

test.each([
  [['sagas', '--as-of', 'yesterday', '--name', 'x'], 'a time is wanted'],
  [['sagas', '--as-of', '2026-11-20T09:00:00Z'], 'go together'],
  [['sagas', '--as-of', '1:1', '--name', 'x', '--rollback'], 'do not go together'],
  [['--rollback'], 'name the view'],
  [['sagas', '--keep', 'long'], 'a duration'],
  [['sagas', '--rollback'], 'nothing is kept'],
])('%j exits with 2', async (args, why) => {
  const { code, out, err } = await rebuild(...args)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain(why)
})

test('tells how far it is', () => {
  expect(rebuildText({ stage: 'building', done: 40_000, total: 100_000 }, 1_000)).toBe(
    'building: 40000 of 100000 records, 40000/s, 2 s left',
  )
  expect(rebuildText({ stage: 'comparing', done: 7 }, 1)).toBe('comparing: 7 rows')
  expect(rebuildText({ stage: 'taking-place', done: 7 }, 1)).toBe('taking its place')
})
