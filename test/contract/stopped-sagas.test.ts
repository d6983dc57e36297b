/**
 * A saga that nothing can be decided for, in an embedded installation: a person sees it, with why and since when, and lifts
 * it; what it was sent meanwhile is not lost. A restart tries it again by itself, and takes back what was said of it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openEmbeddedHome } from '../../services/embedded/home.ts'
import type { Home } from '../../services/home.ts'
import { type Everything, startEverything } from '../../services/one-process/main.ts'
import { verifyHome } from '../../services/verify/home.ts'
import { httpClient } from '../../shared/client/http-client.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { definitionHash } from '../../shared/runtime/definition-hash.ts'
import { saga, signal } from '../../shared/saga/builder.ts'
import { type Definition, Definitions } from '../../shared/saga/definition.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import { cliOf } from '../support/cli-runner.ts'

/** Far more than it takes; a control record is looked for every half second. */
const patience = { timeout: 15_000 }
const WHY = 'a bug of the engine'
const mended = { reason: 'mended', actor: 'ada' }

let isBroken = false
const plain = saga('payment', { version: 1, input: z.object({}) })
  .waitFor('paid', signal('paid', z.object({})))
  .waitFor('shipped', signal('shipped', z.object({})))
  .output(() => null)
/** What the core reads while it decides. */
const definition: Definition = {
  ...plain,
  get steps() {
    if (isBroken) throw new Error(WHY)
    return plain.steps
  },
}

let directory = ''
let home: Home
let everything: Everything
let url = ''
const kasaga = cliOf(() => url)
const client = () => httpClient({ url })
const shown = async (id: string) => (await client().show(id)).shown
const lettersOf = async (key: string) => (await client().deadLetters({ key, redriven: 'no' })).letters

async function start(): Promise<void> {
  const definitions = new Definitions([definition])
  everything = await startEverything(home, 'stopped', {
    definitions,
    participants: [],
    projections: [sagasProjection],
  })
  url = (await (await everything.open).gateway.listen({ port: 0 })).url
}

beforeAll(async () => {
  definitionHash(definition)
  directory = await mkdtemp(join(tmpdir(), 'kasaga-stopped-'))
  home = await openEmbeddedHome({ directory, log: noLog })
  await start()
})
afterAll(async () => {
  isBroken = false
  await everything?.stop()
  await home?.close()
  await rm(directory, { recursive: true, force: true })
})

/** One that stopped at the first signal, with another one after it. */
async function stopped(id: string): Promise<void> {
  const started = await client().start({ definition: 'payment', id, input: {} })
  await client().show(id, { atLeast: `${started.place?.partition}:${started.place?.offset}` })
  isBroken = true
  await client().signal(id, 'paid', { payload: {} })
  await client().signal(id, 'shipped', { payload: {} })
  await expect.poll(() => shown(id), patience).toBe('stopped')
  await expect.poll(() => lettersOf(id), patience).toHaveLength(2)
}

describe('a saga that nothing can be decided for', () => {
  test('is shown with why and since when, counted, and listed', async () => {
    const before = Date.now()
    await stopped('seen')
    const seen = await client().show('seen')
    expect(seen).toMatchObject({ status: 'running', stopped: { why: WHY } })
    expect(Date.parse(seen.stopped?.since ?? '')).toBeGreaterThanOrEqual(before)
    expect((await client().counts()).stopped).toBe(1)
    expect((await kasaga(['list', '--status', 'stopped'])).out).toMatch(/seen .*STOPPED.*a bug of the engine/)
    expect((await kasaga(['show', 'seen'])).out).toContain("kasaga retry seen --reason '...'")
    expect((await kasaga(['dlq', 'list', '--key', 'seen'])).out).toContain('saga-quarantined')
  })

  test('is tried again by retry, and stops again where nothing was mended', async () => {
    const { since } = (await client().show('seen')).stopped ?? { since: '' }
    expect(await client().retry('seen', mended)).toMatchObject({ putBack: 2 })
    // Both of its signals are dead letters once more, and the saga is as it was.
    await expect.poll(async () => (await lettersOf('seen')).map(({ redrives }) => redrives), patience).toEqual([1, 1])
    const later = async () => ((await client().show('seen')).stopped?.since ?? '') > since
    await expect.poll(later, patience).toBe(true)
  })

  test('goes on where it stood once that is mended, with all that it was sent meanwhile', async () => {
    isBroken = false
    const asked = await kasaga(['retry', 'seen', '--reason', 'mended'])
    expect(asked.out).toContain('was asked to go on, and 2 dead letters of it were put back')
    await expect.poll(() => shown('seen'), patience).toBe('completed')
    expect((await client().counts()).stopped).toBe(0)
    expect(await lettersOf('seen')).toEqual([])
  })

  test('is tried again by whoever takes its partition over, which is told too', async () => {
    await stopped('restarted')
    await everything.stop()
    isBroken = false
    await start()
    await expect.poll(() => shown('restarted'), patience).toBe('waiting')
    expect(await client().retry('restarted', mended)).toMatchObject({ putBack: 0 })
    const ids = (await lettersOf('restarted')).map(({ id }) => id).reverse()
    expect((await client().redrive({ ids, force: false, ...mended })).refused).toEqual([])
    await expect.poll(() => shown('restarted'), patience).toBe('completed')
  })

  test('and no rule is broken by any of it', async () => {
    const definitions = new Definitions([definition])
    const asked = { topics: everything.topics, atRest: true, commands: true, definitions, participants: [] }
    expect((await verifyHome(home, asked)).violations).toEqual([])
  })
})
