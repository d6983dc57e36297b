/** Every example, run in one installation to each of its ends, and audited. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Home } from '../../../services/home.ts'
import { ExampleInstallation } from './installation.ts'
import type { Example, ExampleRun } from './run.ts'

export interface SuiteHome {
  readonly home: Home
  readonly prefix: string
  close(): Promise<void>
}

/** Runs them in the installation that is opened for all of them. */
export function runExamples(examples: readonly Example[], open: () => Promise<SuiteHome>): void {
  let suite: SuiteHome | undefined
  let installation: ExampleInstallation | undefined
  beforeAll(async () => {
    suite = await open()
    installation = await ExampleInstallation.start(suite.home, suite.prefix, {
      definitions: examples.flatMap(({ definitions }) => definitions),
      bookkeepers: examples.flatMap(({ bookkeepers }) => bookkeepers),
    })
  })
  afterAll(async () => {
    await installation?.stop()
    await suite?.close()
  })
  const running = () => {
    if (!installation) throw new Error('it is not open')
    return installation
  }
  describe.each(examples.map((example) => [example.title, example] as const))('%s', (_, { runs }) => {
    test.each(runs.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
      await runToItsEnd(running(), one)
    })
  })
  test('nothing is found against all that was run', async () => {
    const report = await running().audit()
    expect(report.violations).toEqual([])
    expect(report).toMatchObject({ clean: true, sagas: { running: 0, stuck: 0 } })
    const runs = examples.flatMap((example) => example.runs)
    expect(report.sagas.total).toBeGreaterThanOrEqual(runs.length)
    expect(report.deadLetters.byReason).toEqual(Object.assign({}, ...runs.map(({ deadLetters }) => deadLetters)))
  })
}

/** Starts a run, waits for its end, and holds what it has come to against what it should. */
export async function runToItsEnd(
  installation: ExampleInstallation,
  one: ExampleRun,
  patienceMs?: number,
): Promise<void> {
  await one.start(installation, one.sagaId)
  await one.meanwhile?.(installation, one.sagaId)
  const saga = await installation.ended(one.sagaId, patienceMs)
  expect(saga.status).toBe(one.ends)
  if (one.output !== undefined) expect(await installation.output(one.sagaId)).toEqual(one.output)
  const net = await installation.net(one.sagaId)
  if (one.net === 'all undone') expect(Object.entries(net).filter(([, what]) => what !== 'undone')).toEqual([])
  else expect(net).toEqual(one.net)
  await one.afterwards?.(installation, one.sagaId)
  if (one.inOrder) expect(await installation.order(one.sagaId, one.inOrder)).toEqual(one.inOrder)
}
