/** One run of one saga, from its plan to its end: what is done to it, and what must hold. */
import type { ParentLink } from '../../shared/message/events.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import type { StartFork } from '../../shared/saga/effects.ts'
import { drain, mend } from './drain.ts'
import { must } from './must.ts'
import { foundAsText } from './naive-attributes.ts'
import { givenAsText } from './naive-forks.ts'
import { begunAsText, idleAsText, undoneAsText } from './naive-model.ts'
import { retriedAsText } from './naive-retries.ts'
import { Choices } from './plans/choices.ts'
import { definitionOf } from './plans/definition.ts'
import { Faults } from './plans/faults.ts'
import { type DriverOptions, SagaDriver } from './saga-driver.ts'
import { make, PARENT } from './saga-moves.ts'
import { Failed, type Run } from './seeded-runs.ts'

/** @returns the saga as it ended, and its first fork where it has one */
export function playSaga(run: Run, options: { readonly checksEach: boolean }): readonly SagaDriver[] {
  const faults = new Faults(run.luck)
  const [first = 0, ...tape] = run.plan
  const definition = definitionOf(tape, faults)
  const driver = new SagaDriver(definition, { ...options, parent: parentOf(new Choices([first])) })
  try {
    play(driver, run.moves, faults)
  } catch (error) {
    throw new Failed(error, definition, driver.history)
  }
  const fork = driver.effects.find((effect) => effect.kind === 'start-fork')
  return fork ? [driver, playFork(run, { definition, faults, fork, ...options })] : [driver]
}

/** What was forked is a saga as any: the same is done to it. */
function playFork(run: Run, options: DriverOptions & { definition: Definition; faults: Faults; fork: StartFork }) {
  const { definition, faults, fork, checksEach = false } = options
  const driver = new SagaDriver(definition, { checksEach, fork, id: fork.fork })
  try {
    faults.on = true
    play(driver, run.moves.toReversed(), faults)
    return driver
  } catch (error) {
    throw new Failed(error, definition, driver.history)
  }
}

function play(driver: SagaDriver, moves: Run['moves'], faults: Faults): void {
  driver.start()
  for (const move of moves) make(driver, move)
  faults.on = false
  end(driver)
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
  givenAsText(definition, history)
  foundAsText(definition, history)
  undoneAsText(definition, history, driver.state?.status !== 'failed')
}
