/** Memory of sagas that wait: for a participant's answer, with the timer of that. */
import { heapBytes } from '../measure/heap.ts'
import type { Wanted } from '../measure/measure-installation.ts'
import { timerCost } from '../measure/timer-cost.ts'
import { BENCH_DEFINITIONS } from '../work/definitions.ts'
import { OnePartition } from '../work/one-partition.ts'
import { benchOrder } from '../work/order.ts'
import { orderOf } from '../work/order-data.ts'

const SIZES = [100_000, 1_000_000]
const CHUNK = 10_000

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
    const { bytesPerTimer } = timerCost(sagas)
    found.push({ sagas: partition.state.liveSagas, bytesPerSaga, bytesPerTimer })
    say(`${sagas} waiting sagas: ${bytesPerSaga.toFixed(0)} bytes each`)
  }
  return { waiting: found }
}
