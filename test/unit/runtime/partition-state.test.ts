/** What a partition remembers of ended sagas, and what it forgets. */
import { expect, test } from 'vitest'
import type { SagaEvent } from '../../../shared/message/events.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import { PartitionState } from '../../../shared/runtime/partition-state.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { evolve } from '../../../shared/saga/evolve.ts'
import type { SagaState } from '../../../shared/saga/state.ts'
import { fulfil } from '../../support/fulfil.ts'
import { started } from '../../support/fulfil-events.ts'

const parent = { sagaId: sagaId('p-1'), step: 'child', attempt: 1, waits: true }

/** A child saga that has ended. */
function ended(id: string): SagaState {
  const turned: SagaEvent = { type: 'compensation-started', cause: { kind: 'parent' } }
  const events: SagaEvent[] = [{ ...started, parent } as SagaEvent, turned, { type: 'saga-compensated' }]
  const envelopes = events.map((event, i) => ({ sagaId: sagaId(id), seq: i + 1, at: 0, causationId: 'c', event }))
  const state = envelopes.reduce<SagaState | undefined>(evolve, undefined)
  if (!state) throw new Error('there are events')
  return state
}

test('the oldest are remembered in brief, then not at all, and it is known that some are forgotten', () => {
  const state = new PartitionState(new Definitions([fulfil]), { endedSagasMax: 3, endedWholeMax: 1 })
  for (const id of ['s-1', 's-2', 's-3']) state.keep(ended(id), undefined)
  expect(['s-1', 's-2', 's-3'].map((id) => state.known(sagaId(id))?.status)).toEqual(['ended', 'ended', 'compensated'])
  expect(state.hasForgotten).toBe(false)
  state.keep(ended('s-4'), undefined)
  expect(state.known(sagaId('s-1'))).toBeUndefined()
  expect(state.known(sagaId('s-3'))?.status).toBe('ended')
  expect(state.hasForgotten).toBe(true)
})
