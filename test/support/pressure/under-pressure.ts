/**
 * A process under a load far above what one of its parts takes: `node --expose-gc under-pressure.ts <part> <sagas> [default]`, where
 * the part is `participant`, `broker` or `views`. Prints, as JSON, how much memory it held at most above what it began with, and
 * what could be seen of the load; with `default` the limits are those that are shipped.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Projector } from '../../../services/projector/projector.ts'
import { openSqliteLog } from '../../../shared/adapters/sqlite/sqlite-log.ts'
import { systemClock } from '../../../shared/adapters/system/system-clock.ts'
import { BatchReader } from '../../../shared/message/batch.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { ORCHESTRATOR_LIMITS } from '../../../shared/runtime/limits.ts'
import { sagasProjection } from '../../../shared/view/sagas-projection.ts'
import { appending } from '../participant-doubles.ts'
import { NotedGauges } from '../telemetry-notes.ts'
import { openSlowShop, PARTITIONS, topics } from './slow-shop.ts'
import { slowViews } from './slow-views.ts'

const [part = '', sagas = '0', shipped = ''] = process.argv.slice(2)
const OFFERED = Number(sagas)
const ASIDE = 100
const SAMPLE_MS = 300
const LOOK_AGAIN_MS = 100
const SLOW_APPEND_MS = 40
const SLOW_CHUNK_MS = 300
const HANDLING_MS = 10

const SMALL = {
  ...{ turnInputsMax: 20, queuedInputsMax: 40, liveSagasMax: 20, standstillMs: 5_000, pendingEffectsMax: 50 },
  ...{ pendingEffectBytesMax: 500_000, endedSagasMax: 1_000, endedWholeMax: 100 },
}
const limits = { ...ORCHESTRATOR_LIMITS, snapshotEvery: 0, ...(shipped === 'default' ? {} : SMALL) }
const projecting =
  shipped === 'default' ? {} : { bufferedBytesMax: 500_000, chunkEventsMax: 20, chunkBytesMax: 500_000 }

const directory = mkdtempSync(join(tmpdir(), 'kasaga-pressure-'))
const broker = await openSqliteLog({ clock: systemClock, directory })
const slowed = appending(broker, async (batches, append) => {
  if (batches.some(({ topic }) => topic === 'slow.commands'))
    await new Promise((resolve) => setTimeout(resolve, SLOW_APPEND_MS))
  return append(batches)
})
const metrics = new NotedGauges()
const shop = await openSlowShop({
  ...{ broker, limits, metrics, handlingMs: part === 'participant' ? HANDLING_MS : 0 },
  seen: part === 'broker' ? slowed : broker,
})
const views = slowViews(part === 'views' ? SLOW_CHUNK_MS : 0)
const projector = await Projector.start({
  ...{ broker, writer: views.writer, projections: [sagasProjection], topic: topics.events, group: 'views' },
  ...{
    clock: systemClock,
    log: noLog,
    metrics,
    onShorterLog: 'refuse',
    limits: { ...projecting, lagIntervalMs: SAMPLE_MS },
  },
})

function held(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const most = { bytes: 0, liveSagas: 0, waiting: 0, commandsHeld: 0, pendingEffects: 0, viewsLag: 0 }
const sum = (name: string) =>
  [...metrics.values].reduce((total, [key, value]) => (key.startsWith(name) ? total + value : total), 0)
function look(): void {
  most.bytes = Math.max(most.bytes, held())
  most.liveSagas = Math.max(most.liveSagas, shop.orchestrator.load.liveSagas)
  most.waiting = Math.max(most.waiting, shop.orchestrator.load.waitingInputs)
  most.commandsHeld = Math.max(most.commandsHeld, sum('kasaga_commands_held'))
  most.pendingEffects = Math.max(most.pendingEffects, sum('kasaga_pending_effects'))
  most.viewsLag = Math.max(most.viewsLag, sum('kasaga_projector_lag_records'))
}

const before = held()
const sampling = setInterval(look, SAMPLE_MS)
await shop.offer('slow', OFFERED)
await shop.offer('quick', ASIDE)
const until = async (isSo: () => boolean | Promise<boolean>) => {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
}
await until(() => shop.done.quick.length === ASIDE)
const slowWhenQuickWereDone = shop.done.slow.length
const readers = new Map<number, { readonly reader: BatchReader; next: bigint }>()
let ended = 0
/** Counts those that have completed since, and keeps nothing of what it reads. */
async function readOn(partition: number): Promise<void> {
  const at = readers.get(partition) ?? { reader: new BatchReader(), next: 0n }
  readers.set(partition, at)
  for await (const records of broker.read(topics.events, partition, at.next))
    for (const record of records) {
      at.next = record.offset + 1n
      for (const { decoded } of at.reader.read(record)?.events ?? [])
        if (decoded.kind === 'event' && decoded.envelope.event.type === 'saga-completed') ended++
    }
}
await until(async () => {
  for (let partition = 0; partition < PARTITIONS; partition++) await readOn(partition)
  return ended >= OFFERED + ASIDE
})
const viewsLagWhenDone = [...(await projector.lag()).values()].reduce((total, lag) => total + Number(lag), 0)
// As a store that has been slow, and is not any more.
views.msPerChunk = 0
await until(async () => [...(await projector.lag()).values()].every((lag) => lag === 0n))
clearInterval(sampling)
look()
const once = new Set(shop.done.slow).size
const { bytes, ...seen } = most
const mb = (count: number) => Math.round(count / 100_000) / 10
const told = { part, mb: mb(bytes - before), ended, once, slowWhenQuickWereDone, viewsLagWhenDone, ...seen }
process.stdout.write(`${JSON.stringify(told)}\n`)
await projector.close()
await shop.stop()
await broker.close()
rmSync(directory, { recursive: true })
