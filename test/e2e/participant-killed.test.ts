/**
 * Participants on a real Kafka and a real Postgres, killed in the middle of their transactions again and again: each
 * command is answered as it should be, and each effect is there once.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openPostgresDatabase } from '../../shared/adapters/postgres/postgres-database.ts'
import { seededRandom } from '../../shared/adapters/system/seeded-random.ts'
import { commandRecord, type Reply } from '../../shared/message/command-record.ts'
import { partitionOf } from '../../shared/message/murmur2.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { type LedgerTables, type Mode, post, prepareLedger, unpost } from '../support/ledger.ts'
import { openTestKafka } from '../support/open-test-kafka.ts'
import { replyOf, type Sent, stepCommand } from '../support/participant-rig.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'
import { withDatabase } from '../support/real-servers/with-database.ts'

const SCRIPT = fileURLToPath(new URL('../support/participant-killed/slow-ledger.ts', import.meta.url))
const NAME = 'killed-ledger'
const PARTITIONS = 6
const SAGAS = 1_500
const KILLS = 4
/** Three sessions, and the work. */
const ALL_ANSWERED_MS_MAX = 90_000
const MODES: readonly Mode[] = ['ok', 'ok', 'ok', 'reject', 'ok', 'return-failed', 'ok', 'throw']
const OUTCOMES: Readonly<Partial<Record<Mode, string>>> = {
  ok: 'success',
  reject: 'rejected',
  'return-failed': 'failed',
  throw: 'failed',
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

class Life {
  /** Calls that have written their rows and not answered yet. */
  atWork = 0
  readonly #child: ChildProcess
  readonly #running = Promise.withResolvers<void>()

  constructor(kafka: string, url: string) {
    this.#child = spawn(process.execPath, [SCRIPT, kafka, url, NAME], { stdio: ['ignore', 'pipe', 'pipe'] })
    const errors: string[] = []
    this.#child.stderr?.on('data', (text) => errors.push(String(text)))
    this.#child.once('exit', () => this.#running.reject(new Error(`it ended: ${errors.join('')}`)))
    this.#running.promise.catch(() => {})
    this.#child.stdout?.on('data', (text) => {
      for (const line of String(text).split('\n')) {
        if (line === 'running') this.#running.resolve()
        if (line === 'begin') this.atWork++
        if (line === 'end') this.atWork--
      }
    })
  }

  running(): Promise<void> {
    return this.#running.promise
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }
}

/** Each saga posts, and some that did are undone. */
function commands(): readonly Sent[] {
  return Array.from({ length: SAGAS }, (_, index): readonly Sent[] => {
    const mode = MODES[index % MODES.length] ?? 'ok'
    const times = { deadlineAt: Date.now() + 600_000 }
    const doing = post(`s${index}`, mode, { ...times, payload: { amount: index % 40, mode } })
    return mode === 'ok' && index % 3 === 0 ? [doing, unpost(`s${index}`, times)] : [doing]
  }).flat()
}

function idOf({ sagaId, step, direction }: Pick<Reply, 'sagaId' | 'step' | 'direction'>): string {
  return `${sagaId}/${step}/${direction}`
}

async function send(broker: Broker, sent: readonly Sent[]): Promise<void> {
  const records = sent.map((one) => commandRecord({ ...stepCommand(one), replyTo: `${NAME}.replies` }, '/test'))
  const byPartition = Map.groupBy(records, (record) => partitionOf(String(record.key), PARTITIONS))
  const batches = [...byPartition].map(([partition, some]) => ({ topic: `${NAME}.commands`, partition, records: some }))
  for (const result of await broker.append(batches)) if (result.kind !== 'appended') throw result.error
}

/** Outcomes by the command's saga, step and direction. */
async function outcomes(broker: Broker): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>()
  for (let partition = 0; partition < PARTITIONS; partition++)
    for await (const records of broker.read(`${NAME}.replies`, partition, 0n))
      for (const { outcome, ...reply } of records.map(replyOf))
        found.set(idOf(reply), (found.get(idOf(reply)) ?? new Set()).add(outcome))
  return found
}

await describeReal('participants on Kafka and Postgres', ['kafka', 'postgres'], ({ kafka, postgres }) => {
  test('that are killed at work leave each effect once, and answer everything', async () => {
    const broker = await openTestKafka(kafka)
    const lives: Life[] = []
    await withDatabase(postgres, async (url) => {
      const db = openPostgresDatabase<LedgerTables>({ url, log: noLog })
      const start = async () => {
        const life = new Life(kafka, url)
        lives.push(life)
        await life.running()
        return life
      }
      try {
        await prepareLedger(db)
        const names = [`${NAME}.commands`, `${NAME}.replies`, `${NAME}.dead-letters`]
        await broker.createTopics(names.map((name) => ({ name, partitions: PARTITIONS, retention: { days: 1 } })))
        const random = seededRandom(5)
        const all = commands()
        const alive = [await start(), await start()]
        let killedAtWork = 0
        for (let kill = 0; kill < KILLS; kill++) {
          const share = Math.ceil(all.length / KILLS)
          await send(broker, all.slice(kill * share, (kill + 1) * share))
          const victim = alive.shift()
          await expect.poll(() => victim?.atWork ?? 0, { timeout: 30_000, interval: 1 }).toBeGreaterThan(0)
          await pause(random.next() * 50)
          if ((victim?.atWork ?? 0) > 0) killedAtWork++
          await victim?.kill()
          alive.push(await start())
        }
        expect(killedAtWork).toBeGreaterThan(0)
        await expect
          .poll(async () => (await outcomes(broker)).size, { timeout: ALL_ANSWERED_MS_MAX, interval: 500 })
          .toBe(all.length)
        const told = await outcomes(broker)
        for (const one of all) {
          const mode = (one.payload as { mode?: Mode }).mode ?? 'ok'
          const id = idOf(stepCommand(one))
          expect([id, ...(told.get(id) ?? [])]).toEqual([id, OUTCOMES[mode]])
        }
        const keys = (await db.selectFrom('entries').select('key').execute()).map((row) => row.key)
        const done = all.filter(({ payload }) => ['ok', undefined].includes((payload as { mode?: string }).mode))
        const expected = done.map((one) => idOf(stepCommand(one)))
        expect([...keys].sort()).toEqual([...expected].sort())
      } finally {
        await Promise.all(lives.map((life) => life.kill()))
        await db.destroy()
      }
    })
    await broker.close()
  })
})
