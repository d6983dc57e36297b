/** The topics that an installation needs. Made once; a changed number of partitions is refused, because keys would move. */
import { kasagaTopics, participantTopic } from '../message/topics.ts'
import type { Broker, TopicSpec } from '../ports/broker.ts'
import type { Definitions, Plan } from '../saga/definition.ts'
import { isBlock, plansInside } from '../saga/plan-tree.ts'

const INPUT_DAYS = 7
const DEAD_LETTER_DAYS = 90
const DEAD_LETTER_PARTITIONS = 1
/** One: what is said last of a participant holds, and only one partition has a last. */
const CONTROL_PARTITIONS = 1
/** One: whoever holds it drives them all. */
const BULK_PARTITIONS = 1

/** Every participant that the definitions send commands to. */
export function participantsOf(definitions: Definitions): string[] {
  return [...new Set(definitions.all.flatMap(participantsIn))]
}

function participantsIn({ steps }: Plan): string[] {
  return steps.flatMap((step) => {
    if (isBlock(step)) return plansInside(step).flatMap(({ plan }) => participantsIn(plan))
    if (step.type !== 'command') return []
    const { forward, undo } = step
    return [forward.command.participant, ...(undo ? [undo.command.participant] : [])]
  })
}

export interface PartitionCounts {
  /** Of the co-partitioned topics. */
  readonly partitions: number
  /** Of each participant's commands. */
  readonly participantPartitions: number
}

/** Specs of all topics under a prefix, and of the participants' command topics. */
export function topicSpecs(prefix: string, counts: PartitionCounts, participants: readonly string[]): TopicSpec[] {
  const { partitions, participantPartitions } = counts
  const { commands, replies, events, snapshots, deadLetters, control, bulk } = kasagaTopics(prefix)
  const days = (name: string, count = partitions): TopicSpec => ({
    name,
    partitions: count,
    retention: { days: INPUT_DAYS },
  })
  return [
    days(commands),
    days(replies),
    { name: events, partitions, retention: 'forever' },
    { name: snapshots, partitions, retention: 'compacted' },
    { name: deadLetters, partitions: DEAD_LETTER_PARTITIONS, retention: { days: DEAD_LETTER_DAYS } },
    { name: control, partitions: CONTROL_PARTITIONS, retention: 'forever' },
    { name: bulk, partitions: BULK_PARTITIONS, retention: 'compacted' },
    ...participants.map((participant) => days(participantTopic(participant), participantPartitions)),
  ]
}

/** The same with as many partitions as are there already, where an installation was made with others: the log's decide for all that go with it. */
export async function asThere(
  broker: Pick<Broker, 'describeTopics'>,
  prefix: string,
  specs: readonly TopicSpec[],
): Promise<readonly TopicSpec[]> {
  const described = await broker.describeTopics(specs.map(({ name }) => name))
  const found = new Map(described.map(({ name, partitions }) => [name, partitions]))
  const { events, commands, replies, snapshots } = kasagaTopics(prefix)
  const joined = new Set([events, commands, replies, snapshots])
  return specs.map((spec) => {
    const partitions = found.get(joined.has(spec.name) ? events : spec.name) ?? spec.partitions
    return { ...spec, partitions }
  })
}
