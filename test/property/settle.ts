/** Nothing is lost any more: what was ever sent arrives, timers fire, and persons act on what is stuck. */
import type { Json } from '../../shared/message/json.ts'
import { scopeAround } from '../../shared/message/step-path.ts'
import type { Act } from '../../shared/saga/input.ts'
import { stepAt as stepPlanned } from '../../shared/saga/plan-tree.ts'
import type { Parked } from '../../shared/saga/state.ts'
import { scopeAt, stepAt } from '../../shared/saga/tree.ts'
import { GOOD, type LossyWorld } from './lossy-world.ts'
import type { SagaDriver } from './saga-driver.ts'

/** Rounds in which everything arrives; more than sagas of this size can need once nothing goes wrong. */
const ROUNDS_MAX = 500

export function settle(world: LossyWorld): void {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const newest = [...world.waiting].at(-1)
    if (newest) world.deliver(newest)
    else if (!stir(world, round)) return
  }
}

/** Nothing is on its way: what moves the sagas now; nothing when all of them have ended. */
function stir(world: LossyWorld, round: number): boolean {
  const going = world.drivers.filter((driver) => !driver.ended)
  const waiting = going.find((driver) => driver.waitsFor().length > 0)
  const held = going.find((driver) => driver.held.length > 0 && !driver.state?.paused)
  const paused = going.find(({ state }) => state?.paused)
  // Children first: their parents may wait for them.
  const stuck = going.findLast(({ state }) => state?.status === 'stuck')
  const timed = going.filter(({ dueAt }) => dueAt !== undefined).sort((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0))[0]
  // Persons come last: what takes its time is not to be tried again and again before it is done.
  if (held) world.admit(held, held.held)
  else if (waiting) world.signal(waiting, `settle-${round}`, 'yes')
  else if (timed) world.fire(timed)
  else if (paused) world.give(paused, { kind: 'resume', ...paused.act(`resume-${round}`) })
  else if (stuck) mend(world, stuck, round)
  return (
    held !== undefined || paused !== undefined || waiting !== undefined || stuck !== undefined || timed !== undefined
  )
}

/** What a person is to undo is undone and said to be; what was refused is taken back where it was, and tried again. */
function mend(world: LossyWorld, driver: SagaDriver, round: number): void {
  const act = driver.act(`mend-${round}`)
  const byHand = driver.state?.parked.find((parked) => isForPerson(driver, parked))?.step
  if (byHand != null) {
    world.participants.handle({ sagaId: driver.id, step: driver.wireName(byHand), direction: 'compensate' }, GOOD)
    world.give(driver, { kind: 'resolve', step: byHand, ...act })
    return
  }
  for (const { step } of driver.state?.parked ?? [])
    if (step !== null)
      world.participants.forgetRefusal({ sagaId: driver.id, step: driver.wireName(step), direction: 'forward' })
  const one = driver.state?.parked[0]?.step
  const ways = one == null ? [] : waysOn(world, driver, { step: one, act })
  const way = ways[driver.history.length % (ways.length + 1)]
  const before = driver.history.length
  way?.()
  // What a person may not do there changes nothing; to try again always goes on.
  if (driver.history.length === before) world.give(driver, { kind: 'retry', ...act })
}

/** What a person may do for one step: try it alone, give it another payload, or do it and say so. */
function waysOn(world: LossyWorld, driver: SagaDriver, { step, act }: { step: string; act: Act }): (() => void)[] {
  const { state, definition, id } = driver
  const planned = stepPlanned(definition, step)
  const again = () => world.give(driver, { kind: 'retry', step, ...act })
  if (!state || planned?.type !== 'command') return [again]
  const anew = () => world.give(driver, { kind: 'edit', step, payload: { step: 'edited' }, ...act })
  if (scopeAt(state, scopeAround(step))?.phase !== 'forward') return [again, anew]
  const done = (): Json => {
    world.participants.handle({ sagaId: id, step: driver.wireName(step), direction: 'forward' }, GOOD)
    return { n: 1 }
  }
  const known = stepAt(state, step)?.status
  const resolve = () => world.give(driver, { kind: 'resolve', as: 'done', step, output: done(), ...act })
  const skip = () => world.give(driver, { kind: 'skip', step, output: done(), ...act })
  return known === 'given-up' ? [again, anew, resolve, skip] : [again, anew, skip]
}

/** Undone by hand, since the plan says so, or since the child that should be undone was killed. */
function isForPerson({ state }: SagaDriver, { step, error }: Parked): boolean {
  const undo = state && step !== null && stepAt(state, step)?.status === 'undo-failed'
  return error.code === 'undo-by-hand' || (undo === true && error.code === 'child-killed')
}
