/** Memory that is in use once all that can go is gone. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

export function heapBytes(): number {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}
