/** A process that is killed while it keeps large values aside: what stands in the log can be read, the rest is orphans. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openEmbeddedHome } from '../../services/embedded/home.ts'
import { checkPayloads } from '../../services/payloads/payload-check.ts'
import { seededRandom } from '../../shared/adapters/system/seeded-random.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { withScratchFolder } from '../support/examples/scratch-folder.ts'

const LIVES = 6
const LIFE_MS_MAX = 400
const TOPIC = 'large'
const script = fileURLToPath(new URL('../support/large/append-until-killed.ts', import.meta.url))

async function live(folder: string, lifeMs: number): Promise<void> {
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  try {
    await Promise.race([once(child.stdout, 'data'), exited])
    expect(child.exitCode).toBe(null)
    await new Promise((resolve) => setTimeout(resolve, lifeMs))
  } finally {
    child.kill('SIGKILL')
    await exited
  }
}

test(`after ${LIVES} kills every claim has its payload, and at most what was on its way is left over`, async () => {
  await withScratchFolder(async (folder) => {
    const random = seededRandom(5)
    for (let i = 0; i < LIVES; i++) await live(folder, 50 + random.next() * LIFE_MS_MAX)
    const home = await openEmbeddedHome({ directory: folder, log: noLog })
    try {
      let read = 0
      for (const { partition } of await home.broker.offsets(TOPIC))
        for await (const records of home.broker.read(TOPIC, partition, 0n))
          for (const { value } of records) {
            expect(typeof JSON.parse(Buffer.from(value ?? []).toString())).toBe('string')
            read++
          }
      expect(read).toBeGreaterThan(0)
      const report = await checkPayloads({ ...home, topics: [TOPIC], read: true })
      expect(report).toMatchObject({ claims: read, lost: [] })
      expect(report.stored).toBe(read + report.orphans)
      // Of each life, the values of the one call that was on its way.
      expect(report.orphans).toBeLessThanOrEqual(LIVES * 4)
    } finally {
      await home.close()
    }
  })
})

test('a process that dies between storing and appending leaves an orphan, and nothing in the log', async () => {
  await withScratchFolder(async (folder) => {
    const value = JSON.stringify('x'.repeat(500_000))
    const append = { topic: TOPIC, partition: 0, records: [{ key: 'k', value, headers: [] }] }
    const first = await openEmbeddedHome({ directory: folder, log: noLog })
    await first.broker.createTopics([{ name: TOPIC, partitions: 1, retention: 'forever' }])
    // As far as it came: the payload is durable, and the log has not been asked yet.
    await first.payloads.put(Buffer.from(value))
    await first.close()
    const again = await openEmbeddedHome({ directory: folder, log: noLog })
    try {
      const options = { ...again, topics: [TOPIC], read: true }
      expect(await checkPayloads(options)).toMatchObject({ claims: 0, orphans: 1, lost: [] })
      expect(await again.broker.append([append])).toMatchObject([{ kind: 'appended', baseOffset: 0n }])
      expect(await checkPayloads(options)).toMatchObject({ claims: 1, stored: 1, orphans: 0, lost: [] })
    } finally {
      await again.close()
    }
  })
})
