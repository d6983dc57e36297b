/** What a process holds in memory once everything that it can do without is gone. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Bytes held: objects, and buffers beside them. */
export async function heldBytes(): Promise<number> {
  // What waits for its turn lets go of what it holds; a second round takes what finalizers have freed.
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    collect()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
