/** An embedded installation that is killed again and again under load: what was acknowledged is there, once, and comes to its end. */
import { describe, expect, test } from 'vitest'
import { openEmbeddedHome } from '../../services/embedded/home.ts'
import { startEverything } from '../../services/one-process/main.ts'
import { fulfilOrder } from '../../services/orders/fulfil-order.ts'
import type { Order } from '../../services/orders/order.ts'
import { verifyHome } from '../../services/verify/home.ts'
import { countsByStatus, sagaById } from '../../shared/adapters/postgres/view-queries.ts'
import { seededRandom } from '../../shared/adapters/system/seeded-random.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { withScratchFolder } from '../support/examples/scratch-folder.ts'
import { endsImpliedBy } from '../support/kafka-home/shop.ts'
import { type Life, oneLife, type Span } from '../support/kills/one-life.ts'
import { ordersOfLife, PREFIX } from '../support/kills/orders-of-life.ts'

/** `KASAGA_KILLS=1000` by hand. */
const KILLS = Number(process.env.KASAGA_KILLS ?? 50)
const SEED = Number(process.env.KASAGA_KILLS_SEED ?? Date.now() % 100_000)
const WORK_MS_MAX = 350
const START_MS_MAX = 700
/** Killed while it still opens: it may be anywhere in its take-over. */
const EARLY_SHARE = 0.2
const ALL_END_MS = 60_000 + KILLS * 600

interface Folder {
  readonly lives: readonly Life[]
  readonly acknowledged: readonly Order[]
}

async function killAgainAndAgain(folder: string): Promise<Folder> {
  const random = seededRandom(SEED)
  const lives: Life[] = []
  const acknowledged: Order[] = []
  for (let life = 0; life < KILLS; life++) {
    const early = random.next() < EARLY_SHARE
    const ms = random.next() * (early ? START_MS_MAX : WORK_MS_MAX)
    const lived = await oneLife(folder, life, { since: early ? 'start' : 'open', ms } satisfies Span)
    lives.push(lived)
    acknowledged.push(...ordersOfLife(life).slice(0, lived.acknowledged))
  }
  return { lives, acknowledged }
}

describe(`${KILLS} times kill -9 (KASAGA_KILLS_SEED=${SEED})`, () => {
  test(
    'every acknowledged order is in the log, all sagas end, and the auditor finds nothing',
    { timeout: 2 * ALL_END_MS + KILLS * 15_000 },
    () =>
      withScratchFolder(async (folder) => {
        const { lives, acknowledged } = await killAgainAndAgain(folder)
        const openMs = lives.flatMap(({ openMs }) => openMs ?? []).sort((a, b) => a - b)
        const at = (share: number) => Math.round(openMs[Math.floor(share * (openMs.length - 1))] ?? 0)
        console.log(
          `${acknowledged.length} acknowledged in ${openMs.length} lives; from start to open: half within ${at(0.5)} ms, all within ${at(1)} ms`,
        )
        expect(acknowledged.length).toBeGreaterThan(KILLS)

        const home = await openEmbeddedHome({ directory: folder, log: noLog })
        const everything = await startEverything(home, PREFIX)
        try {
          await everything.open
          const { db } = (await home.views()).store
          const open = async () => {
            const { running, compensating, stuck, paused, failed } = await countsByStatus(db)
            return { open: running + compensating, never: stuck + paused + failed }
          }
          // The views have read what the last start's place says, and with it all that came before in its partition.
          await expect.poll(() => unseen(acknowledged, db), { timeout: ALL_END_MS, interval: 250 }).toEqual([])
          await expect.poll(open, { timeout: ALL_END_MS, interval: 250 }).toEqual({ open: 0, never: 0 })
          for (const order of acknowledged) {
            const wanted = endsImpliedBy([order]).completed === 1 ? 'completed' : 'compensated'
            expect([order.id, (await sagaById(db, order.id))?.status]).toEqual([order.id, wanted])
          }
          const report = await verifyHome(home, { topics: everything.topics, atRest: true, commands: true })
          expect(report.violations).toEqual([])
          expect(report.sagas).toMatchObject({ running: 0, stuck: 0 })
          expect(report.deadLetters.total).toBe(0)
          await everything.client.start(fulfilOrder, 'after-all', { ...(ordersOfLife(0)[0] as Order), id: 'after-all' })
        } finally {
          await everything.stop()
          await home.close()
        }
      }),
  )
})

type Db = Parameters<typeof sagaById>[0]

/** Those that the views do not show, the first few. */
async function unseen(orders: readonly Order[], db: Db): Promise<string[]> {
  const missing: string[] = []
  for (const { id } of orders) {
    if (!(await sagaById(db, id))) missing.push(id)
    if (missing.length === 3) break
  }
  return missing
}
