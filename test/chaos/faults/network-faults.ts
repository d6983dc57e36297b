/** The weather at the doors: of one door, to Kafka or to Postgres. */
import type { Stream } from '../../simulation/world/streams.ts'
import type { ServiceProcess } from '../../support/kafka-home/fleet.ts'
import { heldBy } from '../../support/take-over/partition-moves.ts'
import type { Roster } from '../stage/roster.ts'
import type { Door } from '../stage/servers.ts'
import type { TcpProxy, Way } from '../stage/tcp-proxy.ts'
import { stillWithout } from '../verdict/take-overs.ts'
import { between, type CarryOut, pause } from './scene.ts'
import { noteLoss, taking } from './taking.ts'

const CUT_MS_MAX = 4_000
const DELAY_MS_MAX = 900
const DELAYED_MS_MIN = 3_000
const DELAYED_MS_MAX = 10_000
const HELD_MS_MIN = 500
/** Past a session and past most waits for an answer, so that what was held lands after others took over. */
const HELD_MS_MAX = 18_000
const LATE_MS_MAX = 40_000
const LOOK_MS = 100
const WAYS: readonly [readonly Way[], ...(readonly Way[])[]] = [['requests'], ['answers'], ['requests', 'answers']]

interface Target {
  readonly name: string
  readonly proxies: readonly TcpProxy[]
}

/** A door, and which servers behind it: Kafka two times of three, and then one broker in half of them. */
function drawn(doors: readonly [Door, Door], dice: Stream): Target {
  const door = dice.one(doors)
  if (dice.perMille(333)) return { name: `Postgres by door ${door.name}`, proxies: [door.postgres] }
  if (dice.perMille(500)) return { name: `Kafka by door ${door.name}`, proxies: door.kafka }
  const at = dice.below(door.kafka.length)
  return { name: `broker ${at + 1} by door ${door.name}`, proxies: door.kafka.slice(at, at + 1) }
}

/** Ends all connections at once, and lets nobody in for a while. */
export const cut: CarryOut = async ({ stage }, dice) => {
  const { name, proxies } = drawn(stage.servers.doors, dice)
  const ms = dice.below(CUT_MS_MAX)
  const connections = proxies.reduce((sum, proxy) => sum + proxy.cut(true), 0)
  await pause(ms)
  for (const proxy of proxies) proxy.accept()
  return `${name}, ${connections} connections, for ${ms} ms`
}

/** Everything takes longer, one way or both. */
export const delay: CarryOut = async ({ stage }, dice) => {
  const { name, proxies } = drawn(stage.servers.doors, dice)
  const ways = dice.one(WAYS)
  const delayMs = between(dice, 20, DELAY_MS_MAX)
  const ms = between(dice, DELAYED_MS_MIN, DELAYED_MS_MAX)
  for (const proxy of proxies) for (const way of ways) proxy.delay(way, delayMs)
  await pause(ms)
  for (const proxy of proxies) for (const way of ways) proxy.delay(way, 0)
  return `${name}, ${ways.join(' and ')} by ${delayMs} ms, for ${ms} ms`
}

/** Ends one direction of each connection that is open, and leaves the other. */
export const halfClose: CarryOut = async ({ stage }, dice) => {
  const { name, proxies } = drawn(stage.servers.doors, dice)
  const way = dice.one<Way>(['requests', 'answers'])
  const connections = proxies.reduce((sum, proxy) => sum + proxy.halfClose(way), 0)
  return `${name}, ${way} of ${connections} connections`
}

/** Nothing gets through, one way or both, and then all of it at once. */
export const hold: CarryOut = async ({ stage }, dice) => {
  const { name, proxies } = drawn(stage.servers.doors, dice)
  const ways = dice.one(WAYS)
  const ms = between(dice, HELD_MS_MIN, HELD_MS_MAX)
  for (const proxy of proxies) for (const way of ways) proxy.hold(way)
  await pause(ms)
  for (const proxy of proxies) for (const way of ways) proxy.release(way)
  return `${name}, ${ways.join(' and ')} for ${ms} ms`
}

/**
 * Holds what the orchestrator behind a door asks of Kafka until others have all of its partitions: what it has appended
 * lands after their claims.
 */
export const appendLate: CarryOut = (scene, dice) =>
  taking(scene, dice, {
    of: ['orchestrator'],
    fits: (place) => place.door !== undefined && heldBy(place.now).size > 0,
    work: async (place) => {
      const { servers, roster } = scene.stage
      const { kafka } = servers.doors.find(({ name }) => name === place.door) ?? servers.doors[0]
      noteLoss(scene, place, 'hold')
      const [held, began] = [heldBy(place.now), Date.now()]
      for (const proxy of kafka) proxy.hold('requests')
      const left = () => stillWithout(held, { since: began, others: processesBut(roster, place.now) })
      while (left() > 0 && Date.now() - began < LATE_MS_MAX) await pause(LOOK_MS)
      const without = left()
      for (const proxy of kafka) proxy.release('requests')
      return `${place.name}, for ${Date.now() - began} ms; others took over ${held.size - without} of ${held.size}`
    },
  })

function processesBut({ places }: Roster, one: ServiceProcess): readonly ServiceProcess[] {
  return places.flatMap(({ processes }) => processes).filter((process) => process !== one)
}
