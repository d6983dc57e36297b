/** Runs of the examples that are disturbed: cancelled at a moment drawn from a seed, or left to run, many at once. */
import { expect } from 'vitest'
import { seededRandom } from '../../../shared/adapters/system/seeded-random.ts'
import type { SuiteHome } from './examples-suite.ts'
import { ExampleInstallation } from './installation.ts'
import type { Example, ExampleRun } from './run.ts'

const CANCELLED_WITHIN_MS = 400
const RESTART_EVERY_MS = 150
/** Its end is a matter of milliseconds: whether the answers come in time. */
const RACY = new Set(['onboarding-quiet'])
/** Entries of steps that say that there is nothing to undo. */
const MEANT_TO_STAY = /^(case|question|reminder \d.*)$/

interface Disturbance {
  readonly seed: number
  readonly cancelled: boolean
}

/** One run under an id of its own. Its end is the one that the example tells, or that of a saga that was cancelled. */
async function disturbed(
  installation: ExampleInstallation,
  one: ExampleRun,
  { seed, cancelled }: Disturbance,
): Promise<string | null> {
  const id = `${seed}-${one.sagaId}`
  const waitMs = seededRandom(seed).next() * CANCELLED_WITHIN_MS
  await one.start(installation, id)
  const meanwhile = one.meanwhile?.(installation, id)
  if (cancelled) {
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    await installation.client.cancel(id, { actor: 'customer', reason: `after ${waitMs} ms` })
  }
  const { status } = await installation.ended(id, 40_000)
  await meanwhile
  const net = await installation.net(id)
  const told = `${id}, ${cancelled ? `cancelled after ${waitMs} ms` : 'not cancelled'}: ${JSON.stringify(net)}`
  // One that completes has done what it does undisturbed, and so has one that fails by itself.
  if (status === 'completed' || (!cancelled && one.net !== 'all undone')) {
    expect(status, told).toBe(one.ends)
    expect(net, told).toEqual(one.net)
  }
  if (status !== 'completed') {
    expect(status, told).toBe('compensated')
    if (!cancelled) expect(one.ends, told).toBe('compensated')
    const left = Object.entries(net).filter(([entry, what]) => what !== 'undone' && !MEANT_TO_STAY.test(entry))
    expect(left, told).toEqual([])
  }
  return status
}

/** So many rounds of all runs at once, each cancelled at a moment of its own; then everything is audited. */
export async function cancelEveryRun(
  examples: readonly Example[],
  open: () => Promise<SuiteHome>,
  rounds: number,
): Promise<void> {
  const runs = runsOf(examples)
  await installed(examples, open, async (installation) => {
    for (let round = 0; round < rounds; round++)
      await Promise.all(
        runs.map((one, i) => disturbed(installation, one, { seed: round * runs.length + i, cancelled: true })),
      )
    await expectClean(installation, rounds * runs.length)
  })
}

/** All runs at once, half of them cancelled, while every service is stopped and started again until all have ended. */
export async function restartMeanwhile(
  examples: readonly Example[],
  open: () => Promise<SuiteHome>,
  restartsMin: number,
): Promise<void> {
  const runs = runsOf(examples)
  await installed(examples, open, async (installation) => {
    let ended = false
    const all = Promise.all(runs.map((one, i) => disturbed(installation, one, { seed: i, cancelled: i % 2 === 0 })))
    const allEnded = all.finally(() => {
      ended = true
    })
    // Awaited below: a failure must not be unheard of while a restart is under way.
    allEnded.catch(() => {})
    let restarts = 0
    while (!ended) {
      await new Promise((resolve) => setTimeout(resolve, RESTART_EVERY_MS))
      await installation.restart()
      restarts++
    }
    await allEnded
    expect(restarts).toBeGreaterThanOrEqual(restartsMin)
    await expectClean(installation, runs.length)
  })
}

function runsOf(examples: readonly Example[]): readonly ExampleRun[] {
  return examples.flatMap((example) => example.runs).filter(({ sagaId }) => !RACY.has(sagaId))
}

async function installed(
  examples: readonly Example[],
  open: () => Promise<SuiteHome>,
  use: (installation: ExampleInstallation) => Promise<void>,
): Promise<void> {
  const { home, prefix, close } = await open()
  try {
    const definitions = examples.flatMap((example) => example.definitions)
    const bookkeepers = examples.flatMap((example) => example.bookkeepers)
    const installation = await ExampleInstallation.start(home, prefix, { definitions, bookkeepers })
    try {
      await use(installation)
    } finally {
      await installation.stop()
    }
  } finally {
    await close()
  }
}

async function expectClean(installation: ExampleInstallation, sagas: number): Promise<void> {
  const report = await installation.audit()
  expect(report.violations).toEqual([])
  expect(report.sagas).toMatchObject({ stuck: 0, running: 0 })
  expect(report.sagas.total).toBeGreaterThanOrEqual(sagas)
}
