/** Generated definitions under generated behaviour: the core is total, keeps its invariants, and comes to an end. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EventEnvelope } from '../../shared/message/events.ts'
import { compensatedAsText, retriedAsText } from './naive-model.ts'
import { parameters, runs } from './property-runs.ts'
import { SagaDriver } from './saga-driver.ts'
import { type Move, make, moves } from './saga-moves.ts'
import { definitionOf, Faults, luck, type PlanShape, planShape } from './saga-plans.ts'

/** Inputs that a saga of six steps may take until it ends, once nothing goes wrong. */
const STEPS_TO_END_MAX = 80

interface Run {
  readonly shape: PlanShape
  readonly luck: readonly number[]
  readonly moves: readonly Move[]
}

const run: fc.Arbitrary<Run> = fc.record({ shape: planShape, luck, moves })

function drive({ shape, luck, moves }: Run): SagaDriver {
  const faults = new Faults(luck)
  const driver = new SagaDriver(definitionOf(shape, faults), faults)
  driver.start()
  driver.check()
  for (const move of moves) {
    make(driver, move)
    driver.check()
  }
  driver.checkFold()
  return driver
}

/** Faults stop: participants say yes to what they are asked, timers fire, and nobody touches a stuck saga. */
function drain(driver: SagaDriver): void {
  driver.faults.on = false
  for (let i = 0; i < STEPS_TO_END_MAX && !driver.ended && driver.state?.status !== 'stuck'; i++) {
    const newest = driver.sent.at(-1)
    if (driver.waitsForAnswer && newest) driver.answer(newest, 'success', null)
    else if (driver.waitsForSignal) driver.signal(`drain-${driver.history.length}`)
    else {
      driver.now = Math.max(driver.now, driver.dueAt ?? driver.now)
      driver.fire()
    }
    driver.check()
  }
}

const count = (history: readonly EventEnvelope[], type: string) =>
  history.filter(({ event }) => event.type === type).length

describe('a saga of any definition, under any behaviour', () => {
  const seen = { completed: 0, compensated: 0, stuckForward: 0, stuckBack: 0, retried: 0, pastPivot: 0 }
  const steps = { 'step-skipped': 0, 'step-computed': 0, 'wait-started': 0, signalled: 0, slept: 0, expired: 0 }

  it('keeps its invariants at every step, equals the fold of its log, and ends or is stuck', () => {
    fc.assert(
      fc.property(run, (run) => {
        const driver = drive(run)
        drain(driver)
        if (driver.state?.status === 'stuck') {
          if (driver.state.phase === 'running') seen.stuckForward++
          else seen.stuckBack++
          driver.give({
            kind: 'retry',
            sagaId: driver.faults.sagaId,
            requestId: 'last',
            actor: 'ann',
            reason: 'mended',
          })
          driver.check()
          drain(driver)
          seen.retried++
        }
        driver.checkFold()
        retriedAsText(driver.definition, driver.history)
        expect(driver.ended, `L1, L7: it is ${driver.state?.status}`).toBe(true)
        expect(driver.dueAt, 'L5: no timer waits').toBeUndefined()
        if (driver.state?.status === 'compensated') {
          seen.compensated++
          compensatedAsText(driver.definition, driver.history)
        } else seen.completed++
        seen.pastPivot += count(driver.history, 'cancel-refused')
        for (const type of ['step-skipped', 'step-computed', 'wait-started'] as const)
          steps[type] += count(driver.history, type)
        for (const { event } of driver.history) {
          if (event.type === 'wait-ended') steps[event.requestId === null ? 'slept' : 'signalled']++
          if (event.type === 'compensation-started' && event.cause.kind === 'failed') {
            if (event.cause.error.code === 'wait-expired') steps.expired++
          }
        }
      }),
      parameters(2_500),
    )
  })

  it('came to every ending', () => {
    const atLeast = runs(2_500) / 500
    expect(seen.completed).toBeGreaterThan(atLeast)
    expect(seen.compensated).toBeGreaterThan(atLeast)
    expect(seen.stuckForward).toBeGreaterThan(atLeast)
    expect(seen.stuckBack).toBeGreaterThan(atLeast)
    expect(seen.pastPivot).toBeGreaterThan(0)
    for (const [what, times] of Object.entries(steps)) expect(times, what).toBeGreaterThan(atLeast)
  })
})
