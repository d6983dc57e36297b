/** Sagas of any definition, under any behaviour, held against the definition that decided them: not one decision would be another. */
import { describe, expect, it } from 'vitest'
import type { Definition } from '../../shared/saga/definition.ts'
import { type Divergence, ShadowedSaga } from '../../shared/saga/shadow/shadowed-saga.ts'
import { must } from './must.ts'
import { playSaga } from './play-saga.ts'
import { playWorld } from './play-world.ts'
import type { SagaDriver } from './saga-driver.ts'
import { manyRuns, RUNS_MS_MAX, type Run } from './seeded-runs.ts'

/** Mappings that fail by lot would not fail again in the same place. */
const lawful = (run: Run): Run => ({ ...run, luck: [] })

function expectSame({ definition, startedOn, movedTo, history }: SagaDriver): void {
  // It never ran: its log does not say of which definition it would have been.
  if (history[0]?.event.type === 'saga-voided') return
  const plans = [startedOn, ...movedTo]
  const recordedOn = ({ version }: { version: number }) => plans.find((plan) => plan.version === version)
  const shadow = new ShadowedSaga({ definition, recordedOn })
  shadow.take(history)
  must(shadow.verdict === 'same', () => told(shadow.first, definition))
  must(shadow.state?.seq === history.length, 'it is folded to its end')
}

function told(divergence: Divergence | undefined, { name }: Definition): string {
  const { recorded, decided, why, fields, more } = divergence ?? {}
  const event = recorded && JSON.stringify(recorded.event)
  return `${name}, event ${recorded?.seq}: ${event} (${recorded?.causationId}), and would be ${JSON.stringify(decided)} ${why} ${fields} ${more}`
}

describe('a saga under its own definition', () => {
  it(
    'is the same, whatever came to it',
    () => {
      let judged = 0
      manyRuns('sagas under their own definitions', 1_500, (run) => {
        for (const driver of playSaga(lawful(run), { checksEach: false })) {
          expectSame(driver)
          judged += driver.history.length
        }
      })
      expect(judged).toBeGreaterThan(100)
    },
    RUNS_MS_MAX,
  )

  it(
    'is the same with its children and locks, and from the last time on that it was moved to another version',
    () => {
      manyRuns('moved sagas under their newest definitions', 500, (run) => {
        for (const driver of playWorld(lawful(run), { checksEach: false, moves: true })) expectSame(driver)
      })
    },
    RUNS_MS_MAX,
  )
})
