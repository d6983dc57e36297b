/** A process that is an orchestrator of visits until it is killed. Arguments: address of Kafka, prefix. */

import { openKafkaHome } from '../../../services/kafka/home.ts'
import { Orchestrator } from '../../../services/orchestrator/orchestrator.ts'
import { systemIds } from '../../../shared/adapters/system/system-ids.ts'
import { systemRandom } from '../../../shared/adapters/system/system-random.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import { noLog, noMetrics } from '../../../shared/ports/telemetry.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { visit } from './hall.ts'

const [kafka = '', prefix = ''] = process.argv.slice(2)
const settings = { brokers: kafka.split(','), clientId: 'visits' }
const home = await openKafkaHome({ kafka: settings, databaseUrl: undefined, log: noLog })
const definitions = new Definitions([visit])
const own = {
  ids: systemIds,
  random: systemRandom,
  metrics: noMetrics,
  definitions,
  topics: kasagaTopics(prefix),
  prefix,
}
const orchestrator = new Orchestrator({ ...home, ...own })
await orchestrator.start()
process.stdout.write('running\n')
