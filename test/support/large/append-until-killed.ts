/** A process that appends large records to the log of a data folder until it is killed. Argument: the folder. */
import { randomBytes } from 'node:crypto'
import { openEmbeddedHome } from '../../../services/embedded/home.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'

const TOPIC = 'large'
const VALUE_BYTES = 400_000
const AT_A_TIME = 4

const home = await openEmbeddedHome({ directory: process.argv[2] ?? '', log: noLog })
await home.broker.createTopics([{ name: TOPIC, partitions: AT_A_TIME, retention: 'forever' }])
process.stdout.write('open\n')
const one = () => ({ key: 'k', value: JSON.stringify(randomBytes(VALUE_BYTES).toString('hex')), headers: [] })
for (;;) {
  const batches = Array.from({ length: AT_A_TIME }, (_, partition) => ({ topic: TOPIC, partition, records: [one()] }))
  await home.broker.append(batches)
}
