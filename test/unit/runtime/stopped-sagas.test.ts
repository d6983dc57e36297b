/** What the control topic says of stopped sagas comes to what the owners of this process have, whoever said what before. */
import { expect, test } from 'vitest'
import type { ControlFact, SagaFact } from '../../../shared/message/control-record.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import type { Stopped } from '../../../shared/runtime/partition-state.ts'
import { StoppedSagas } from '../../../shared/runtime/stopped-sagas.ts'

function rig() {
  const said: string[] = []
  const stopped = new StoppedSagas({
    process: 'here',
    say: ({ kind, sagaId: saga, partition, process, since }) =>
      void said.push(`${kind} ${saga} of ${partition} since ${since} by ${process}`),
  })
  return { stopped, said: () => said.splice(0) }
}

const fact = (kind: SagaFact['kind'], saga: string, partition: number, since: number): ControlFact => {
  return { kind, sagaId: sagaId(saga), requestId: 'r', partition, process: 'there', since, why: 'a bug' }
}
const table = (...sagas: readonly (readonly [string, number])[]) =>
  new Map<string, Stopped>(sagas.map(([saga, since]) => [saga, { why: 'a bug', since }]))

test('an owner says once what it has stopped, and what is tried again', () => {
  const { stopped, said } = rig()
  const own = table()
  stopped.attach(1, own)
  expect(said()).toEqual([])
  own.set('a', { why: 'a bug', since: 5 })
  stopped.tell(1)
  stopped.tell(1)
  expect(said()).toEqual(['saga-stopped a of 1 since 5 by here'])
  stopped.take([fact('saga-stopped', 'a', 1, 5)])
  expect(said()).toEqual([])
  own.delete('a')
  stopped.tell(1)
  expect(said()).toEqual(['saga-tried-again a of 1 since 5 by here'])
  // Its own word of before comes back late: it is not so any more.
  stopped.take([fact('saga-stopped', 'a', 1, 5)])
  expect(said()).toEqual(['saga-tried-again a of 1 since 5 by here'])
  stopped.take([fact('saga-tried-again', 'a', 1, 5)])
  expect(said()).toEqual([])
})

test('one that stops once more is said anew, with when', () => {
  const { stopped, said } = rig()
  const own = table(['a', 5])
  stopped.attach(0, own)
  own.set('a', { why: 'another bug', since: 9 })
  stopped.tell(0)
  expect(said()).toEqual(['saga-stopped a of 0 since 5 by here', 'saga-stopped a of 0 since 9 by here'])
})

test('whoever takes a partition over takes back what its last owner has said, and of others nothing', () => {
  const { stopped, said } = rig()
  stopped.take([fact('saga-stopped', 'a', 0, 1), fact('saga-stopped', 'b', 0, 2), fact('saga-stopped', 'c', 1, 3)])
  expect(said()).toEqual([])
  stopped.attach(0, table(['b', 2]))
  expect(said()).toEqual(['saga-tried-again a of 0 since 1 by here'])
  // The last owner wakes up, and says so once more.
  stopped.take([fact('saga-stopped', 'a', 0, 4), fact('saga-tried-again', 'b', 0, 2)])
  expect(said()).toEqual(['saga-tried-again a of 0 since 4 by here', 'saga-stopped b of 0 since 2 by here'])
  stopped.detach(0)
  stopped.take([fact('saga-stopped', 'a', 0, 6)])
  expect(said()).toEqual([])
})

test('locks are not said, nor more sagas than anybody looks at', () => {
  const { stopped, said } = rig()
  stopped.attach(0, table(['lock:sku', 1], ...Array.from({ length: 1_500 }, (_, i) => [`s-${i}`, 1] as const)))
  const all = said()
  expect(all).toHaveLength(1_000)
  expect(all[0]).toBe('saga-stopped s-0 of 0 since 1 by here')
})
