/** Records that nobody should write, by the ten thousand: each has the end that the wire's description gives it, and orders go on between them. */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openEmbeddedHome } from '../../services/embedded/home.ts'
import { participantTopic } from '../../shared/message/topics.ts'
import { type Log, noLog } from '../../shared/ports/telemetry.ts'
import { controlCase } from '../support/fuzz/control-cases.ts'
import { Dice } from '../support/fuzz/dice.ts'
import { fastFolder } from '../support/fuzz/fast-folder.ts'
import { FUZZ_MS_MAX, FUZZ_SEED, fuzzSize } from '../support/fuzz/fuzz-size.ts'
import { heldBytes } from '../support/fuzz/heap.ts'
import { ANYTHING, type RecordCase, recordCase, type Specimen } from '../support/fuzz/record-cases.ts'
import { actSpecimens, commandSpecimen, replySpecimen, startSpecimen } from '../support/fuzz/specimens.ts'
import { RubbishedSystem } from '../support/rubbish/rubbished-system.ts'

const RECORDS = fuzzSize(20_000)
const CHUNK = 200
const CHUNKS_BETWEEN_ORDERS = 10
const WARM_SHARE = 0.25
const GROWTH_MAX = 1.2
const PARTICIPANTS = ['inventory', 'payment', 'shipping']
const CONTROL = fuzzSize(400)

/** All reasons that the wire's description knows. */
const REASONS = new Set(
  readFileSync(new URL('../../docs/wire.md', import.meta.url), 'utf8')
    .split('\n## Dead letters')[1]
    ?.split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([a-z0-9-]+)`/g)].map(([, reason = '']) => reason)),
)

let system: RubbishedSystem
const passedOver = new Set<string>()
beforeAll(async () => {
  const directory = await mkdtemp(join(fastFolder(), 'kasaga-fuzz-'))
  const error: Log['error'] = (message, { offset } = {}) => {
    if (message === 'a control record cannot be used') passedOver.add(String(offset))
  }
  const log: Log = { ...noLog, error, with: () => log }
  const home = await openEmbeddedHome({ directory, log })
  system = await RubbishedSystem.start({
    home,
    prefix: 'fuzz',
    async close() {
      await home.close()
      await rm(directory, { recursive: true, force: true })
    },
  })
})
afterAll(() => system?.stop())

async function specimens(): Promise<Specimen[]> {
  await system.publish()
  await system.allEnd()
  const { commands, replies } = system.topics
  const all = async (topic: string, of: typeof startSpecimen) =>
    (await system.records(topic)).map((one) => of(topic, one))
  return [
    ...(await all(commands, startSpecimen)),
    ...(await all(replies, replySpecimen)),
    ...(await Promise.all(PARTICIPANTS.map((name) => all(participantTopic(name), commandSpecimen)))).flat(),
    ...[1, 2, 3, 4].flatMap((at) => actSpecimens(commands, at)),
  ]
}

interface Thrown extends RecordCase {
  readonly place: string
}

async function throwMany(count: number, dice: Dice, from: readonly Specimen[]): Promise<Thrown[]> {
  const thrown: Thrown[] = []
  for (let chunk = 0; chunk * CHUNK < count; chunk++) {
    const cases = Array.from({ length: CHUNK }, () => recordCase(dice, from))
    const places = await system.appendAll(cases)
    cases.forEach((one, i) => {
      thrown.push({ ...one, place: places[i] ?? '' })
    })
    if (chunk % CHUNKS_BETWEEN_ORDERS === 0) await system.publish()
  }
  await system.allEnd()
  await system.allTaken()
  return thrown
}

function isRight({ becomes }: RecordCase, reasons: readonly string[]): boolean {
  const [reason = ''] = reasons
  if (reasons.length !== 1) return false
  return becomes === ANYTHING ? reason === 'ignored' || REASONS.has(reason) : becomes.includes(reason)
}

describe(`seed ${FUZZ_SEED} (KASAGA_FUZZ_SEED)`, () => {
  test(`${RECORDS} records, most with something wrong: one dead letter each, for the right reason, or none`, {
    timeout: FUZZ_MS_MAX,
  }, async () => {
    const from = await specimens()
    const dice = new Dice(FUZZ_SEED)
    const thrown = await throwMany(RECORDS * WARM_SHARE, dice, from)
    const warm = (await heldBytes()) - size(thrown)
    thrown.push(...(await throwMany(RECORDS * (1 - WARM_SHARE), dice, from)))
    const held = (await heldBytes()) - size(thrown)
    const letters = await system.deadLetters()
    const wrong = thrown.flatMap((one) => {
      const reasons = letters.get(one.place)?.reasons ?? ['ignored']
      return isRight(one, reasons) ? [] : [told(one, reasons)]
    })
    expect(wrong.slice(0, 10)).toEqual([])
    console.log(
      `${thrown.length} records, ${letters.size} dead letters; ${warm >> 20} MiB held, then ${held >> 20} MiB`,
    )
    expect(held).toBeLessThan(warm * GROWTH_MAX)
  })

  test('every input that was read was applied, ignored for a reason, or became a dead letter', async () => {
    const { commands, replies } = system.topics
    const read = (await system.records(commands)).length + (await system.records(replies)).length
    const headers = await system.batchHeaders()
    const counted = headers.reduce((sum, { header: { inputs } }) => {
      const ignored = Object.values(inputs.ignored).reduce((all, count) => all + count, 0)
      return sum + inputs.applied + inputs.deadLettered + ignored
    }, 0)
    expect(counted).toBe(read)
  })

  test(`${CONTROL} records on the control topic: those of no form are passed over and told, once each`, async () => {
    const dice = new Dice(FUZZ_SEED)
    const cases = Array.from({ length: CONTROL }, () => controlCase(dice))
    const places = await system.appendAll(cases.map(({ record }) => ({ topic: system.topics.control, record })))
    const offsetOf = (place = '') => place.split('/').at(-1) ?? ''
    const bad = places.filter((_, i) => cases[i]?.isUsable === false).map(offsetOf)
    await expect.poll(() => bad.filter((offset) => !passedOver.has(offset)), { timeout: 20_000 }).toEqual([])
    const good = places.filter((_, i) => cases[i]?.isUsable === true).map(offsetOf)
    expect(good.filter((offset) => passedOver.has(offset))).toEqual([])
  })

  test('orders go on, and the auditor finds the log, the views and the books in order', async () => {
    await system.publish()
    await system.allEnd()
    const report = await system.audit()
    expect(report.violations).toEqual([])
    expect(report.sagas).toMatchObject({ ...system.expected, running: 0, stuck: 0 })
  })
})

/** What the test itself keeps. */
function size(thrown: readonly Thrown[]): number {
  return thrown.reduce((sum, { record }) => sum + 600 + (record.value?.length ?? 0), 0)
}

function told({ topic, record, becomes, place }: Thrown, reasons: readonly string[]): string {
  const headers = record.headers.map(([name, value]) => `${name}=${Buffer.from(value).toString('latin1').slice(0, 80)}`)
  const key = record.key === null ? 'null' : Buffer.from(record.key).toString('latin1')
  const value = record.value === null ? 'null' : Buffer.from(record.value).toString('latin1').slice(0, 200)
  return `${topic} ${place}: ${reasons} instead of ${becomes.length === 0 ? 'one that is known' : becomes}: ${key} ${value} ${headers.join(' ')}`
}
