/** Faults stop: what is asked is answered with yes, timers fire, signals come, and persons act on what is stuck. */
import type { Json } from '../../shared/message/json.ts'
import { must } from './must.ts'
import { APPROVER } from './plans/steps.ts'
import type { SagaDriver } from './saga-driver.ts'

/** Inputs that a saga of so few steps may take until it ends, once nothing goes wrong. */
const INPUTS_TO_END_MAX = 1_000

/** Goes on until the saga has ended, or waits for a person and for nothing else. */
export function drain(driver: SagaDriver): void {
  for (let i = 0; i < INPUTS_TO_END_MAX && !driver.ended; i++) {
    const open = driver.open().at(-1)
    const awaited = driver.waitsFor()[0]
    if (open) driver.answer(open, 'success', null)
    else if (driver.held.length > 0 && !driver.state?.paused) driver.admit(driver.held)
    else if (awaited !== undefined) sendSignal(driver, awaited, `drain-${driver.history.length}`)
    else if (driver.dueAt !== undefined) {
      driver.now = Math.max(driver.now, driver.dueAt)
      driver.fire()
    } else if (driver.state?.paused) driver.give({ kind: 'resume', ...driver.act(`resume-${driver.history.length}`) })
    else return
  }
  must(driver.ended, 'L1: it goes on, and never ends')
}

export function sendSignal(
  driver: SagaDriver,
  name: string,
  requestId: string,
  payload: Json = { answer: 'yes' },
): void {
  const from = { actor: 'ann', roles: [APPROVER] }
  const decision = driver.give({ kind: 'signal', sagaId: driver.id, requestId, name, payload, ...from })
  must(decision.kind === 'events', () => `a signal that is waited for is taken: ${JSON.stringify(decision)}`)
}

/** Persons act on all that is parked: what they undo by hand they say so of, what can be tried again they have tried. */
export function mend(driver: SagaDriver): void {
  for (let round = 0; round < INPUTS_TO_END_MAX && driver.state?.parked[0] && !driver.ended; round++) {
    const parked = driver.state.parked.find(({ error }) => error.code === 'undo-by-hand')
    const act = driver.act(`mend-${driver.history.length}`)
    if (parked && parked.step !== null) driver.give({ kind: 'resolve', step: parked.step, ...act })
    else driver.give({ kind: 'retry', ...act })
    drain(driver)
  }
}
