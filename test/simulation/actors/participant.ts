/** The participants of generated sagas: real services, whose handlers write into books, refuse, fail and take their time. */
import { failed, fatal, rejected } from '../../../shared/participant/answer.ts'
import type { Handler, Handlers } from '../../../shared/participant/handlers.ts'
import { type ParticipantService, participantService } from '../../../shared/participant/participant-service.ts'
import { sleep } from '../../../shared/ports/clock.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import type { CommandSpecs, Contract } from '../../../shared/saga/contract.ts'
import type { EffectTx } from '../../support/crash-inbox.ts'
import { commandsOf } from '../world/plans.ts'
import type { Process } from '../world/process.ts'
import type { World } from '../world/world.ts'
import type { BookRow } from './books.ts'

type Work = Handler<unknown, unknown, EffectTx<BookRow>>

const HANDLER_MS_MAX = 150

/** The services of all participants in one process. */
export function participantsIn(world: World, process: Process): ParticipantService[] {
  return [...commandsOf(world.plans.all)].map(([name, commands]) => {
    const contract = Object.fromEntries(commands) as Contract<CommandSpecs>
    const handle = handlerOf(name, world, process)
    const handlers = Object.fromEntries([...commands.keys()].map((command) => [command, handle]))
    return participantService(contract, handlers as Handlers<Contract<CommandSpecs>, EffectTx<BookRow>>, {
      broker: process.broker,
      inbox: world.books.of(name).inboxOf(() => process.isDead, storeClockOf(process)),
      clock: process.clock,
      log: noLog,
    })
  })
}

function storeClockOf({ clock }: Process) {
  return {
    now: () => clock.now(),
    schedule: (delayMs: number, then: () => void) => clock.after(delayMs, 'store', then),
    soon: (then: () => void) => clock.soon(then),
  }
}

function handlerOf(participant: string, world: World, process: Process): Work {
  const { luck, options } = world
  return async (_input, { tx, command, progress }) => {
    const { idempotencyKey: key, sagaId, step, direction } = command
    const isFaulty = world.isFaulty
    const ms = luck.below(HANDLER_MS_MAX)
    if (isFaulty && luck.perMille(100)) {
      progress()
      await sleep(process.clock, ms * 8)
    } else await sleep(process.clock, ms)
    if (isFaulty && luck.perMille(options.rates.trouble))
      return luck.perMille(150) ? fatal('c', 'fatal') : failed('c', 'failed')
    const forward = direction === 'forward'
    if (forward && isFaulty && luck.perMille(options.rates.refusal)) return rejected('c', 'refused')
    if (world.books.has(participant, key)) {
      world.situations.came('rowsThere')
      throw new Error(`duplicate key value violates unique constraint: ${key}`)
    }
    tx.push({ key, sagaId, step, effect: forward ? 1 : -1 })
    return { n: 1 }
  }
}
