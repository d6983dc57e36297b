/** Runs that need nobody and nothing but their start, some of each: a second start under the same id changes nothing. */
import { examples } from './all-examples.ts'
import type { ExampleRun } from './run.ts'

export const PREFIX = 'killed'
const COPIES = 6
/** Its input holds the time of its start, so that a second one is another order. */
const OF_THE_MOMENT = /^cancel-/

const alone = examples
  .flatMap(({ runs }) => runs)
  .filter(({ meanwhile, sagaId }) => meanwhile === undefined && !OF_THE_MOMENT.test(sagaId))

export const KILLED_RUNS: readonly { readonly one: ExampleRun; readonly id: string }[] = Array.from(
  { length: COPIES },
  (_, copy) => alone.map((one) => ({ one, id: `${copy}-${one.sagaId}` })),
).flat()

export const KILLED_PARTS = {
  definitions: examples.flatMap(({ definitions }) => definitions),
  bookkeepers: examples.flatMap(({ bookkeepers }) => bookkeepers),
}
