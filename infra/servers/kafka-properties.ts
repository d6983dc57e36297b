/** One node of a cluster in which every node is broker and controller, all on the loopback address. */
export interface KafkaNodePlace {
  readonly nodeId: number
  readonly port: number
  readonly controllerPort: number
  readonly directory: string
  /** Further ports of the same broker. */
  readonly doors: readonly KafkaDoor[]
}

/** Whoever comes in by a door is told the advertised port for it, and so stays with whatever stands before the door. */
export interface KafkaDoor {
  readonly port: number
  readonly advertisedPort: number
}

/** Where it keeps its partitions. */
export function dataFolderOf({ directory }: KafkaNodePlace): string {
  return `${directory}/logs`
}

const COPIES_WANTED = 3
/** With three copies one broker may be away; a node is missed after that long, so that trials of it are short. */
const MISSED_AFTER_MS = 4_000

/** `server.properties` of a node among all nodes of its cluster. */
export function serverProperties(node: KafkaNodePlace, all: readonly KafkaNodePlace[]): string {
  const copies = Math.min(COPIES_WANTED, all.length)
  const inSync = copies >= COPIES_WANTED ? 2 : 1
  const doors = node.doors.map((door, i) => ({ ...door, name: `DOOR_${i + 1}` }))
  const listening = doors.map(({ name, port }) => `,${name}://127.0.0.1:${port}`).join('')
  const advertised = doors.map(({ name, advertisedPort }) => `,${name}://127.0.0.1:${advertisedPort}`).join('')
  const voters = all.map(({ nodeId, controllerPort }) => `${nodeId}@127.0.0.1:${controllerPort}`)
  return `process.roles=broker,controller
node.id=${node.nodeId}
controller.quorum.voters=${voters.join(',')}
listeners=PLAINTEXT://127.0.0.1:${node.port},CONTROLLER://127.0.0.1:${node.controllerPort}${listening}
advertised.listeners=PLAINTEXT://127.0.0.1:${node.port}${advertised}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT${doors.map(({ name }) => `,${name}:PLAINTEXT`).join('')}
inter.broker.listener.name=PLAINTEXT
log.dirs=${dataFolderOf(node)}
broker.session.timeout.ms=${MISSED_AFTER_MS}
broker.heartbeat.interval.ms=${MISSED_AFTER_MS / 8}
offsets.topic.replication.factor=${copies}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=${copies}
transaction.state.log.min.isr=${inSync}
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=${copies}
share.coordinator.state.topic.min.isr=${inSync}
default.replication.factor=${copies}
min.insync.replicas=${inSync}
unclean.leader.election.enable=false
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=4
`
}
