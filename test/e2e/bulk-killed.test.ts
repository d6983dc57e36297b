/** A bulk act in the embedded home whose process is killed halfway: the next one goes on, and nobody is asked twice. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import { httpClient } from '../../shared/client/http-client.ts'

const SCRIPT = fileURLToPath(new URL('../support/bulk/gateway-until-killed.ts', import.meta.url))
const SAGAS = 60
const WAIT_MS = 60_000
const ids = Array.from({ length: SAGAS }, (_, i) => `w-${i}`)

async function begin(folder: string): Promise<{ child: ChildProcess; client: ReturnType<typeof httpClient> }> {
  const child = spawn(process.execPath, [SCRIPT, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const said = once(child.stdout as NonNullable<typeof child.stdout>, 'data')
  const [text] = await Promise.race([said, once(child, 'exit').then(() => Promise.reject(new Error('it ended')))])
  return { child, client: httpClient({ url: String(text).trim() }) }
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

test('a bulk act goes on after kill -9, twice, and has one effect on each saga', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kasaga-bulk-'))
  let { child, client } = await begin(folder)
  try {
    for (const id of ids) await client.start({ id, definition: 'waiting', input: {} })
    const running = async () => (await client.counts()).counts.running === SAGAS
    await vi.waitUntil(running, { timeout: WAIT_MS, interval: 50 })
    const act = { kind: 'pause', timers: 'hold' } as const
    const why = { actor: 'ann', reason: 'the power is going', requestId: 'b-1' }
    const { id } = await client.bulk({ act, filter: { definition: 'waiting' }, rate: 10, ...why })
    for (const least of [6, 12]) {
      const { done } = await vi.waitUntil(
        async () => {
          const bulk = await client.bulkShow(id)
          return bulk.done >= least ? bulk : undefined
        },
        { timeout: WAIT_MS, interval: 20 },
      )
      await kill(child)
      if (least === 6) expect(done).toBeLessThan(SAGAS)
      ;({ child, client } = await begin(folder))
    }
    const ended = async () => (await client.bulkShow(id)).endedAt !== null
    await vi.waitUntil(ended, { timeout: WAIT_MS, interval: 50 })
    expect(await client.bulkShow(id)).toMatchObject({ state: 'done', sagas: SAGAS, left: 0, actor: 'ann' })
    await vi.waitUntil(async () => (await client.counts()).counts.paused === SAGAS, { timeout: WAIT_MS, interval: 50 })
    for (const saga of ids) {
      const { events } = await client.history(saga)
      const paused = events.filter(({ type }) => type === 'saga-paused')
      expect(paused, saga).toMatchObject([{ data: { actor: 'ann', requestId: `${id}/${saga}` } }])
    }
  } finally {
    await kill(child)
    await rm(folder, { recursive: true, force: true })
  }
})
