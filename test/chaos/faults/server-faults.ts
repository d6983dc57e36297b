/** What is done to brokers and to Postgres. One broker is down at a time, as three copies of everything are made for. */
import type { KafkaNodeProcess } from '../../../infra/servers/kafka-node.ts'
import { between, type CarryOut, pause, type Scene } from './scene.ts'

const BROKER_DOWN_MS_MAX = 6_000
const POSTGRES_DOWN_MS_MAX = 3_000

/** Faults that must not meet wait here for one another. */
function inTurn(): (work: () => Promise<string>) => Promise<string> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const mine = last.then(work)
    last = mine.catch(() => {})
    return mine
  }
}

const brokersInTurn = inTurn()
const postgresInTurn = inTurn()

async function back(node: KafkaNodeProcess): Promise<number> {
  const began = Date.now()
  node.start()
  await node.untilReady()
  return Date.now() - began
}

/** `kill -9` of one broker, which comes back on its data. */
export const killBroker: CarryOut = ({ stage }, dice) =>
  brokersInTurn(async () => {
    const node = dice.one(stage.servers.cluster.nodes as [KafkaNodeProcess, ...KafkaNodeProcess[]])
    const downMs = between(dice, 200, BROKER_DOWN_MS_MAX)
    await node.kill()
    await pause(downMs)
    return `broker ${node.nodeId} down for ${downMs} ms, ready ${await back(node)} ms after`
  })

/** Each broker in turn hands over, ends and comes back. */
export const restartBrokers: CarryOut = ({ stage }) =>
  brokersInTurn(async () => {
    const began = Date.now()
    for (const node of stage.servers.cluster.nodes) {
      await node.shutDown()
      await back(node)
    }
    return `all three in turn, within ${Date.now() - began} ms`
  })

export function restartPostgres(how: 'fast' | 'immediate'): CarryOut {
  return ({ stage }: Scene, dice) =>
    postgresInTurn(async () => {
      const { postgres } = stage.servers
      const downMs = dice.below(POSTGRES_DOWN_MS_MAX)
      await postgres.shutDown(how)
      await pause(downMs)
      await postgres.startAgain()
      return `down for ${downMs} ms`
    })
}
