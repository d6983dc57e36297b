/** What due times cost by themselves, beside the sagas that they are of. */
import { DueHeap } from '../../../shared/runtime/due-heap.ts'
import { heapBytes } from './heap.ts'

export interface TimerCost {
  readonly timers: number
  readonly bytesPerTimer: number
  readonly insertMicros: number
  /** Taking the one that is due first. */
  readonly takeMicros: number
}

const FROM = 1_700_000_000_000
const TAKEN = 10_000

export function timerCost(timers: number): TimerCost {
  const ids = Array.from({ length: timers }, (_, nth) => `order-${nth}`)
  const before = heapBytes()
  const due = new DueHeap<string>()
  const insertMs = took(() => {
    for (const [nth, id] of ids.entries()) due.set(id, FROM + ((nth * 7_919) % timers))
  })
  const bytesPerTimer = (heapBytes() - before) / due.size
  const takeMs = took(() => {
    for (let i = 0; i < TAKEN; i++) due.takeDue(FROM + timers)
  })
  return { timers, bytesPerTimer, insertMicros: (insertMs * 1_000) / timers, takeMicros: (takeMs * 1_000) / TAKEN }
}

function took(work: () => void): number {
  const began = performance.now()
  work()
  return performance.now() - began
}
