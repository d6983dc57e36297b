/** What is done to processes. */
import type { ServiceName } from '../../support/kafka-home/fleet.ts'
import { between, type CarryOut, pause } from './scene.ts'
import { noteLoss, taking } from './taking.ts'

const ORCHESTRATOR: readonly ServiceName[] = ['orchestrator']
const OTHERS: readonly ServiceName[] = ['inventory', 'payment', 'shipping', 'projector', 'gateway']
const DOWN_MS_MAX = 5_000
const SHORT_MS_MAX = 4_000
/** Past the session of a group's member, 6 s, so that others take over. */
const LONG_MS_MIN = 7_000
const LONG_MS_MAX = 14_000
/** What is under way may take 20 s when a process drains; then it ends all the same. */
const DRAINED_WITHIN_MS = 25_000

/** `kill -9`; another process comes in its place after a while. */
function kill(of: readonly ServiceName[]): CarryOut {
  return (scene, dice) =>
    taking(scene, dice, {
      of,
      work: async (place) => {
        noteLoss(scene, place, 'kill')
        await place.now.end('SIGKILL')
        const downMs = dice.below(DOWN_MS_MAX)
        await pause(downMs)
        place.start()
        return `${place.name}, another one after ${downMs} ms`
      },
    })
}

/** SIGSTOP and SIGCONT: it does not know that time has passed. */
function standStill(of: readonly ServiceName[], longInThousand: number): CarryOut {
  return (scene, dice) =>
    taking(scene, dice, {
      of,
      work: async (place) => {
        const long = dice.perMille(longInThousand)
        const ms = long ? between(dice, LONG_MS_MIN, LONG_MS_MAX) : between(dice, 100, SHORT_MS_MAX)
        if (long) noteLoss(scene, place, 'pause')
        place.now.signal('SIGSTOP')
        await pause(ms)
        place.now.signal('SIGCONT')
        return `${place.name} for ${ms} ms`
      },
    })
}

/** SIGTERM: it hands over and ends, and another one comes. */
const stop: CarryOut = (scene, dice) =>
  taking(scene, dice, {
    of: [...ORCHESTRATOR, ...OTHERS],
    work: async (place) => {
      noteLoss(scene, place, 'stop')
      const began = Date.now()
      const { now } = place
      const ended = now.end('SIGTERM')
      const code = await Promise.race([ended, pause(DRAINED_WITHIN_MS)])
      const tookMs = Date.now() - began
      if (now.alive) {
        scene.notes.mishaps.push(`${place.name} had not ended ${tookMs} ms after SIGTERM`)
        await now.end('SIGKILL')
      }
      place.start()
      return `${place.name}, ended with ${code} after ${tookMs} ms`
    },
  })

export const killOrchestrator = kill(ORCHESTRATOR)
export const killOther = kill(OTHERS)
export const pauseOrchestrator = standStill(ORCHESTRATOR, 700)
export const pauseOther = standStill(OTHERS, 500)
export { stop as stopInOrder }
