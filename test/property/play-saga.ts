/** One run of one saga, from its plan to its end: what is done to it, and what must hold. */
import type { ParentLink } from '../../shared/message/events.ts'
import { drain, mend } from './drain.ts'
import { must } from './must.ts'
import { begunAsText, idleAsText, undoneAsText } from './naive-model.ts'
import { retriedAsText } from './naive-retries.ts'
import { Choices } from './plans/choices.ts'
import { definitionOf } from './plans/definition.ts'
import { Faults } from './plans/faults.ts'
import { SagaDriver } from './saga-driver.ts'
import { make, PARENT } from './saga-moves.ts'
import { Failed, type Run } from './seeded-runs.ts'

/** @returns the saga as it ended */
export function playSaga(run: Run, options: { readonly checksEach: boolean }): SagaDriver {
  const faults = new Faults(run.luck)
  const [first = 0, ...tape] = run.plan
  const definition = definitionOf(tape, faults)
  const driver = new SagaDriver(definition, { ...options, parent: parentOf(new Choices([first])) })
  try {
    driver.start()
    for (const move of run.moves) make(driver, move)
    faults.on = false
    end(driver)
    return driver
  } catch (error) {
    throw new Failed(error, definition, driver.history)
  }
}

/** The saga may be a child of another one. */
function parentOf(choices: Choices): ParentLink | undefined {
  const waits = choices.weighted([
    [6, undefined],
    [3, true],
    [1, false],
  ] as const)
  return waits === undefined ? undefined : { sagaId: PARENT, step: 'pay', attempt: 1, waits }
}

function end(driver: SagaDriver): void {
  const { definition, history } = driver
  drain(driver)
  undoneAsText(definition, history, driver.state?.parked.length === 0 && driver.state.status !== 'failed')
  if (driver.state?.status === 'stuck')
    idleAsText(definition, history, new Set(driver.state.parked.map(({ step }) => step)))
  mend(driver)
  must(driver.ended, () => `L7: it is ${driver.state?.status}, and nothing mends it`)
  must(driver.dueAt === undefined, 'L5: no timer waits')
  driver.check()
  driver.checkFold()
  begunAsText(definition, history)
  retriedAsText(definition, history)
  undoneAsText(definition, history, driver.state?.status !== 'failed')
}
