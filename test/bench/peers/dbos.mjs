/** The measured saga on DBOS: a workflow with its steps in one process, checkpoints in Postgres; the load is in it too. */
import { DBOS } from '@dbos-inc/dbos-sdk'
import { done, isShipped } from '../work/order-data.ts'
import { serveLoad } from './closed-loop.mjs'

const CONNECTIONS = 20
const step = (name, work) => DBOS.runStep(work, { name })
const undone = async () => null

const place = DBOS.registerWorkflow(
  async ({ id, nth }) => {
    await step('reserve', async () => done('re', id))
    await step('charge', async () => done('ch', id))
    // A business no is an answer, and not an error that is tried again.
    const shipped = await step('ship', async () => (isShipped(nth) ? done('sh', id) : null))
    if (shipped !== null) return 'completed'
    await step('refund', undone)
    await step('release', undone)
    return 'compensated'
  },
  { name: 'place' },
)

DBOS.setConfig({
  name: 'bench',
  systemDatabaseUrl: process.env.BENCH_DATABASE_URL ?? '',
  systemDatabasePoolSize: CONNECTIONS,
  logLevel: 'error',
})
await DBOS.launch()
await serveLoad(async (order) => {
  const handle = await DBOS.startWorkflow(place, { workflowID: order.id })(order)
  return handle.getResult()
})
