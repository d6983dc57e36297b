/** One run of a saga with lawful participants and child sagas, over a lossy way: what must be left when all is quiet. */
import type { Definition } from '../../shared/saga/definition.ts'
import { LossyWorld } from './lossy-world.ts'
import { must } from './must.ts'
import { NaiveBook } from './naive-book.ts'
import { givenAsText } from './naive-forks.ts'
import { expectUndone } from './naive-model.ts'
import { expectNetEffect } from './net-effect.ts'
import type { Choices } from './plans/choices.ts'
import { childDefinitionOf, definitionOf } from './plans/definition.ts'
import { Faults } from './plans/faults.ts'
import { nextVersion } from './plans/next-version.ts'
import type { SagaDriver } from './saga-driver.ts'
import { Failed, type Run } from './seeded-runs.ts'
import { settle } from './settle.ts'

/** Where in a run's numbers the plan of the children begins. */
const CHILD_FROM = 300

export interface WorldRun {
  readonly checksEach: boolean
  /** Sagas are moved to other versions of their definitions on the way. */
  readonly moves?: boolean
}

/** @returns the sagas as they ended, the one that was driven first */
export function playWorld(run: Run, options: WorldRun): readonly SagaDriver[] {
  const faults = new Faults(run.luck)
  const definition = definitionOf(run.plan, faults)
  const child = childDefinitionOf(run.plan.slice(CHILD_FROM), faults)
  const next = (from: Definition, choices: Choices) => nextVersion(from, choices, faults)
  const world = new LossyWorld({ checksEach: options.checksEach, ...(options.moves && { next }), definition, child })
  try {
    for (const move of run.moves) world.take(move)
    faults.on = false
    settle(world)
    for (const driver of world.drivers) expectEnd(world, driver)
  } catch (error) {
    const story = world.drivers.flatMap(({ history }) => history)
    throw new Failed(error, definition, story)
  }
  return world.drivers
}

function expectEnd(world: LossyWorld, driver: SagaDriver): void {
  const { startedOn, movedTo, history, state, id } = driver
  must(driver.ended, () => `L1, L7: ${id} is ${state?.status}, and nothing moves it`)
  driver.check()
  givenAsText(startedOn, history)
  if (state?.status === 'failed') return
  const book = new NaiveBook(startedOn, history, movedTo)
  expectUndone(book, true)
  expectNetEffect(world, driver, book)
}
