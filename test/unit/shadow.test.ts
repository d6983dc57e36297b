/** Recorded logs under another definition: what is the same, what would be another, what the definition has no place for. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { definitionCommand } from '../../services/cli/commands/definition.ts'
import type { ShadowRun } from '../../services/cli/commands/shadow.ts'
import { shadowInExport, shadowInHome } from '../../services/replay/home.ts'
import { exportLog } from '../../shared/adapters/exported-log/export-log.ts'
import { writeLines } from '../../shared/adapters/exported-log/log-lines.ts'
import type { NewRecord } from '../../shared/message/record.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import type { ShadowReport } from '../../shared/runtime/shadow-run.ts'
import { type Definition, Definitions } from '../../shared/saga/definition.ts'
import { cliOf } from '../support/cli-runner.ts'
import {
  askedToWait,
  fulfilWith,
  notifying,
  paying,
  recordedOn,
  recordedSagas,
  shadowLog,
} from '../support/shadow-cases.ts'

const scratch = mkdtempSync(join(tmpdir(), 'kasaga-shadow-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const log = await shadowLog(recordedSagas)
afterAll(() => log.close())
const known = new Definitions([recordedOn])

async function under(definition: Definition, broker: Broker = log, more: { of?: number; known?: Definitions } = {}) {
  return shadowInHome({ broker }, 'kasaga', { definition, known, of: undefined, toldMax: 20, ...more })
}

const counts = ({ same, different, breaking, broken, others }: ShadowReport) => ({
  same,
  different,
  breaking,
  broken,
  others,
})
const none = { same: 0, different: 0, breaking: 0, broken: 0, others: 0 }
const whats = ({ groups }: ShadowReport) => groups.map(({ verdict, what, count }) => `${count} ${verdict} ${what}`)

describe('a definition under which sagas are shadowed', () => {
  test('leaves them the same where it is the one that decided them, or differs by its version alone', async () => {
    for (const definition of [recordedOn, fulfilWith({ version: 2 })]) {
      const report = await under(definition)
      expect(counts(report)).toEqual({ ...none, same: 4 })
      expect([report.findings, report.groups]).toEqual([[], []])
    }
  })

  test('makes those different that came to its new last step; those on their way are the same so far', async () => {
    const report = await under(notifying)
    expect(counts(report)).toEqual({ ...none, same: 2, different: 2 })
    expect(whats(report)).toEqual(['2 different saga-completed: step-requested notify instead'])
    const [{ saga, first } = {}] = report.findings.filter((finding) => finding.saga === 'order-1')
    expect([saga, first?.recorded.event.type, first?.decided]).toEqual([
      'order-1',
      'saga-completed',
      expect.objectContaining({ type: 'step-requested', step: 'notify' }),
    ])
    const events = await recordsOf(log, first?.place.partition ?? 0)
    expect(events.find(({ offset }) => offset === first?.place.offset)?.type).toBe('saga-completed')
  })

  test('breaks those that did a step which it has not, and says where that was', async () => {
    const report = await under(paying)
    expect(counts(report)).toEqual({ ...none, breaking: 4 })
    expect(whats(report)).toEqual(['4 breaking step-requested charge: there is no step charge there'])
    expect(report.findings[0]?.first).toMatchObject({ verdict: 'different', decided: { step: 'pay' } })
    expect(report.findings[0]?.breaking).toMatchObject({ verdict: 'breaking' })
  })

  test('makes those different that tried again, where the policy is another', async () => {
    const fewer = await under(fulfilWith({ version: 2, attempts: 1 }))
    expect(counts(fewer)).toEqual({ ...none, same: 3, different: 1 })
    expect(fewer.findings[0]).toMatchObject({
      saga: 'order-3',
      first: { recorded: { event: { type: 'step-failed' } }, decided: { retryAt: null }, fields: ['retryAt'] },
    })
  })

  test('makes all different that were sent another payload: code counts, which no hash holds', async () => {
    const report = await under(fulfilWith({ fee: 1 }))
    expect(whats(report)).toEqual(['4 different step-requested charge: another payload'])
  })

  test('breaks those whose input it refuses', async () => {
    const input = z.object({ id: z.string(), cents: z.int().max(1_000) })
    const report = await under(fulfilWith({ version: 2, input }))
    expect(counts(report)).toEqual({ ...none, breaking: 4 })
    expect(report.findings[0]?.first.why).toMatch(/^invalid-input: /)
  })

  test('is not blamed for a delay that a participant asked for, where the plan of then is at hand', async () => {
    const broker = await shadowLog([askedToWait])
    expect(counts(await under(fulfilWith({ version: 2 }), broker))).toEqual({ ...none, same: 1 })
    const unknown = await under(notifying, broker, { known: new Definitions([]) })
    expect(whats(unknown)).toEqual(['1 different step-failed charge: another retryAt'])
    await broker.close()
  })
})

async function recordsOf(broker: Broker, partition: number) {
  const found: { offset: bigint; type: string }[] = []
  for await (const records of broker.read('kasaga.events', partition, 0n))
    for (const { offset, headers } of records) {
      const type = headers.find(([name]) => name === 'ce_type')?.[1]
      found.push({ offset, type: type ? new TextDecoder().decode(type).replace(/^kasaga\.|\.v\d+$/g, '') : '' })
    }
  return found
}

describe('a log with more in it', () => {
  test('has sagas that no definition can fold counted, and the others judged', async () => {
    const changed = (records: NewRecord[]) =>
      records.map((record) =>
        String(record.value).includes('card-declined') ? { ...record, value: '{"not":"it"}' } : record,
      )
    const broker = await shadowLog(recordedSagas, changed)
    expect(counts(await under(recordedOn, broker))).toEqual({ ...none, same: 3, broken: 1 })
    await broker.close()
  })

  test('has sagas of other definitions and versions left aside, and counted', async () => {
    const other = { ...fulfilWith(), name: 'other' }
    expect(counts(await under(other))).toEqual({ ...none, others: 4 })
    expect(counts(await under(recordedOn, log, { of: 2 }))).toEqual({ ...none, others: 4 })
  })

  test('says the same when it was exported', async () => {
    const file = join(scratch, 'log.ndjson')
    await writeLines(file, exportLog({ prefix: 'kasaga', engine: '0', now: 0, commands: false, broker: log }))
    const options = { definition: notifying, known, toldMax: 20 }
    const { findings, groups, ...report } = await shadowInExport(file, options)
    const live = await under(notifying)
    expect({ ...report, findings, groups }).toEqual({ ...live, records: report.records })
  })
})

describe('kasaga definition shadow', () => {
  const run: ShadowRun = {
    load: async () => new Definitions([notifying, fulfilWith({ version: 3 })]),
    run: (asked) => shadowInHome({ broker: log }, 'kasaga', asked),
  }
  const kasaga = cliOf(() => '')
  const shadow = (...args: string[]) =>
    kasaga(['definition', 'shadow', '--definition', 'fulfil', ...args], {}, [definitionCommand(known, run)])

  test('exits 0 where nothing differs, and 1 where something does', async () => {
    expect(await shadow()).toEqual({
      code: 0,
      out: 'fulfil v1  4 sagas: 4 same, 0 different, 0 breaking\n',
      err: '',
    })
    const differs = await shadow('--file', './new.ts', '--version', '2')
    expect([differs.code, differs.err]).toEqual([1, 'error: 2 different, 0 breaking\n'])
    expect(differs.out).toContain('fulfil v2  4 sagas: 2 same, 2 different, 0 breaking\n')
    expect((await shadow('--file', './new.ts', '--version', '2', '--fail-on', 'breaking')).code).toBe(0)
    expect((await shadow('--file', './new.ts')).code).toBe(0)
  })

  test('tells as many sagas one by one as are asked for, and all of them in numbers', async () => {
    const { out } = await shadow('--file', './new.ts', '--version', '2', '--limit', '1', '--json')
    const report = JSON.parse(out)
    expect(report).toMatchObject({ definition: 'fulfil', version: 2, sagas: 4, same: 2, different: 2, breaking: 0 })
    expect(report.findings).toHaveLength(1)
    expect(report.findings[0].first.place).toEqual({
      topic: 'kasaga.events',
      partition: expect.any(Number),
      offset: expect.stringMatching(/^\d+$/),
    })
    expect(report.groups[0].count).toBe(2)
  })

  test('asks for a definition that is there', async () => {
    expect((await shadow('--version', '9')).code).toBe(1)
    expect((await kasaga(['definition', 'shadow'], {}, [definitionCommand(known, run)])).code).toBe(2)
  })
})

test('the program reads a file of a log, and a data folder made of it, and takes the definition from a module', async () => {
  const [file, module, folder] = ['night.ndjson', 'new.ts', 'data'].map((name) => join(scratch, name))
  await writeLines(file ?? '', exportLog({ prefix: 'kasaga', engine: '0', now: 0, commands: false, broker: log }))
  writeFileSync(module ?? '', `export { notifying } from '${new URL('../support/shadow-cases.ts', import.meta.url)}'\n`)
  const main = fileURLToPath(new URL('../../services/cli/main.ts', import.meta.url))
  const run = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' })
  const asked = ['definition', 'shadow', '--definition', 'fulfil', '--file', module ?? '', '--json']
  const exported = run(...asked, '--log', file ?? '')
  expect([exported.status, exported.stderr]).toEqual([
    1,
    '{"error":{"code":"not-the-same","message":"2 different, 0 breaking"}}\n',
  ])
  expect(JSON.parse(exported.stdout)).toMatchObject({ sagas: 4, same: 2, different: 2 })
  const gone = run('definition', 'shadow', '--definition', 'fulfil', '--file', './gone.ts', '--log', file ?? '')
  expect([gone.status, gone.stderr.split(':')[1]]).toEqual([2, ' ./gone.ts cannot be loaded'])
  expect(run('log', 'import', file ?? '', '--data-dir', folder ?? '').status).toBe(0)
  const { findings: _, ...same } = JSON.parse(run(...asked, '--data-dir', folder ?? '').stdout)
  expect(JSON.parse(exported.stdout)).toMatchObject(same)
}, 60_000)
