/** The examples in a process that is killed again and again: what it had begun is carried to its end, once. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openEmbeddedHome } from '../../services/embedded/home.ts'
import { seededRandom } from '../../shared/adapters/system/seeded-random.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { ExampleInstallation } from '../support/examples/installation.ts'
import { KILLED_PARTS, KILLED_RUNS, PREFIX } from '../support/examples/killed-runs.ts'
import { withScratchFolder } from '../support/examples/scratch-folder.ts'

const LIVES = Number(process.env.KASAGA_EXAMPLE_LIVES ?? 4)
const LIFE_MS_MAX = 1_500
const SEED = 11
const script = fileURLToPath(new URL('../support/examples/until-killed.ts', import.meta.url))

/** One life of the process: it is killed so long after it has opened. */
async function live(folder: string, lifeMs: number): Promise<void> {
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'pipe'] })
  const errors: string[] = []
  child.stderr.on('data', (text) => errors.push(String(text)))
  const exited = once(child, 'exit')
  try {
    await Promise.race([once(child.stdout, 'data'), exited])
    expect(child.exitCode, errors.join('')).toBe(null)
    await new Promise((resolve) => setTimeout(resolve, lifeMs))
  } finally {
    child.kill('SIGKILL')
    await exited
  }
}

test(`after ${LIVES} kills every run comes to its end, with nothing done twice`, async () => {
  await withScratchFolder(async (folder) => {
    const random = seededRandom(SEED)
    for (let life = 0; life < LIVES; life++) await live(folder, random.next() * LIFE_MS_MAX)
    const home = await openEmbeddedHome({ directory: folder, log: noLog })
    const installation = await ExampleInstallation.start(home, PREFIX, KILLED_PARTS)
    try {
      for (const { one, id } of KILLED_RUNS) await one.start(installation, id)
      for (const { one, id } of KILLED_RUNS) {
        const { status } = await installation.ended(id, 60_000)
        const net = await installation.net(id)
        expect(status, id).toBe(one.ends)
        if (one.net !== 'all undone') expect(net, id).toEqual(one.net)
        else expect([...new Set(Object.values(net))], id).toEqual(['undone'])
      }
      const report = await installation.audit()
      expect(report.violations).toEqual([])
      expect(report.sagas).toMatchObject({ stuck: 0, running: 0 })
      expect(report.deadLetters.total).toBe(0)
    } finally {
      await installation.stop()
      await home.close()
    }
  })
})
