/** Members that join a group, are given partitions, do nothing with them, and leave again. */
import { openKafkaBroker } from '../../../shared/adapters/kafka/kafka-broker.ts'
import { messageOf } from '../../../shared/message/errors.ts'
import { participantTopic } from '../../../shared/message/topics.ts'
import type { GroupListener, GroupMember, GroupOptions } from '../../../shared/ports/broker.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import type { Stage } from '../stage/stage.ts'
import { between, type CarryOut, oneOf, pause } from './scene.ts'

const ROUNDS_MIN = 4
const ROUNDS_MAX = 9
const STAY_MS_MAX = 1_500
const AWAY_MS_MAX = 700
const IDLE: GroupListener = { assigned() {}, async revoked() {}, records() {}, trouble() {} }

function groupsOf({ prefix, topics }: Stage): readonly GroupOptions[] {
  const { commands, replies, events } = topics
  return [
    { group: `${prefix}.orchestrator`, topics: [commands, replies, events] },
    { group: `${prefix}.projector.views`, topics: [events] },
    ...['inventory', 'payment', 'shipping'].map((name) => ({ group: name, topics: [participantTopic(name)] })),
  ]
}

export const joinAndLeave: CarryOut = async ({ stage, notes }, dice) => {
  const options = oneOf(dice, groupsOf(stage))
  if (!options) return undefined
  const rounds = between(dice, ROUNDS_MIN, ROUNDS_MAX)
  const kafka = { brokers: stage.servers.direct.kafka.split(','), clientId: 'passer-by' }
  let joined = 0
  for (let round = 0; round < rounds; round++) {
    const stayMs = dice.below(STAY_MS_MAX)
    const awayMs = dice.below(AWAY_MS_MAX)
    try {
      const broker = await openKafkaBroker(kafka, { log: noLog, clock: { now: Date.now } })
      try {
        const member: GroupMember = await broker.join(options, IDLE)
        joined++
        await pause(stayMs)
        await member.close()
      } finally {
        await broker.close()
      }
    } catch (error) {
      notes.mishaps.push(`a member of ${options.group} could not come or go: ${messageOf(error)}`)
    }
    await pause(awayMs)
  }
  return `${options.group}, ${joined} times`
}
