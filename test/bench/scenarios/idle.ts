/** Memory of sagas that wait: for a participant's answer, with the timer of that. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { DueHeap } from '../../../shared/runtime/due-heap.ts'
import type { Wanted } from '../measure/measure-installation.ts'
import { BENCH_DEFINITIONS } from '../work/definitions.ts'
import { OnePartition } from '../work/one-partition.ts'
import { benchOrder } from '../work/order.ts'
import { orderOf } from '../work/order-data.ts'

const SIZES = [100_000, 1_000_000]
const CHUNK = 10_000

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heapBytes(): number {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

export async function idle({ say }: Wanted): Promise<object> {
  const found: Record<string, unknown>[] = []
  for (const sagas of SIZES) {
    const before = heapBytes()
    const partition = new OnePartition(BENCH_DEFINITIONS)
    for (let from = 0; from < sagas; from += CHUNK) {
      for (let nth = from; nth < from + CHUNK; nth++) partition.start(benchOrder, `order-${nth}`, orderOf(nth))
      partition.run(() => undefined)
    }
    const bytesPerSaga = (heapBytes() - before) / partition.state.liveSagas
    found.push({ sagas: partition.state.liveSagas, bytesPerSaga, bytesPerTimer: timerBytes(sagas) })
    say(`${sagas} waiting sagas: ${bytesPerSaga.toFixed(0)} bytes each`)
  }
  return { waiting: found }
}

/** Of one due time, besides the saga that it is of. */
function timerBytes(timers: number): number {
  const ids = Array.from({ length: timers }, (_, nth) => `order-${nth}`)
  const before = heapBytes()
  const due = new DueHeap<string>()
  for (const [nth, id] of ids.entries()) due.set(id, 1_700_000_000_000 + ((nth * 7_919) % timers))
  const bytes = (heapBytes() - before) / due.size
  return bytes
}
