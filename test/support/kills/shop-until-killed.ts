/**
 * A process that takes orders and carries them out in a data folder until it is killed: log, orchestrator and participants,
 * without the views, which only follow. Arguments: the folder, and what its orders are named for.
 * Says `open` once it takes orders, and the number of each that was acknowledged.
 */
import { openEmbeddedHome } from '../../../services/embedded/home.ts'
import { Orchestrator } from '../../../services/orchestrator/orchestrator.ts'
import { definitions } from '../../../services/orders/definitions.ts'
import { fulfilOrder } from '../../../services/orders/fulfil-order.ts'
import { PARTICIPANTS } from '../../../services/participants/home.ts'
import { sagaClient } from '../../../shared/client/saga-client.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { participantsOf, topicSpecs } from '../../../shared/runtime/topic-specs.ts'
import { ORDERS_A_LIFE_MAX, ordersOfLife, PREFIX } from './orders-of-life.ts'

const AT_A_TIME = 3
const PAUSE_MS = 10
const AT_WORK_MAX = 300

const [directory = '', life = ''] = process.argv.slice(2)
const home = await openEmbeddedHome({ directory, log: noLog })
const { broker, clock, ids, metrics } = home
await broker.createTopics(topicSpecs(PREFIX, home, participantsOf(definitions)))
const topics = kasagaTopics(PREFIX)
const client = sagaClient({ broker, topics, clock, ids, source: '/test/kills' })
const orchestrator = new Orchestrator({ ...home, definitions, topics, prefix: PREFIX })
const settings = { prefix: PREFIX, metrics, sagas: definitions.all }
const participants = await Promise.all(Object.values(PARTICIPANTS).map((prepare) => prepare(home, settings)))
await Promise.all([orchestrator.start(), ...participants.map((participant) => participant.start())])
process.stdout.write('open\n')

const orders = ordersOfLife(Number(life))
for (let from = 0; from < ORDERS_A_LIFE_MAX; from += AT_A_TIME) {
  const some = orders.slice(from, from + AT_A_TIME)
  await client.startMany(
    fulfilOrder,
    some.map((order) => ({ sagaId: order.id, input: order })),
  )
  process.stdout.write(`${from + some.length}\n`)
  do await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  while (orchestrator.load.liveSagas > AT_WORK_MAX)
}
