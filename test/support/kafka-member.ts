/** A process that joins a group and says what it holds, to be killed: `node kafka-member.ts <broker> <group> <topic>`. */
import { openKafkaBroker } from '../../shared/adapters/kafka/kafka-broker.ts'
import { noLog } from '../../shared/ports/telemetry.ts'

const [address = '', group = '', topic = ''] = process.argv.slice(2)
const broker = await openKafkaBroker(
  { brokers: address.split(','), clientId: 'member' },
  { log: noLog, clock: { now: Date.now } },
)
const say = (line: string) => void process.stdout.write(`${line}\n`)
await broker.join(
  { group, topics: [topic] },
  {
    assigned: (partition) => say(`assigned ${partition}`),
    revoked: async (partition) => say(`revoked ${partition}`),
    records() {},
    trouble: (error) => say(error.message),
  },
)
