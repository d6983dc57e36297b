/** S10 of locks: a step asks as its plan says, and frees what it has asked. S26: the end frees the rest, all of it and no more. */
import type { RequestedCommand, SagaEvent } from '../../message/events.ts'
import { isResource } from '../../message/ids.ts'
import type { StepEvent } from '../legality.ts'
import type { Book, Expect, Reading, StepBook } from './book.ts'

/** What a lock step sends, each way. */
const TYPES: { readonly [Type in StepEvent['type']]?: string } = {
  'step-requested': 'kasaga.lock.v1',
  'compensation-requested': 'kasaga.unlock.v1',
}

/** Reads what a step's event says of its lock. */
export function readLock(book: Book, step: StepBook, { event, expect }: Reading<StepEvent>): void {
  switch (event.type) {
    case 'step-requested':
    case 'compensation-requested':
      expectAsk(step, event, expect)
      if (event.type === 'step-requested' && event.lock) book.locks.set(step, event.lock.resource)
      return
    case 'step-rejected': {
      const { withdraws } = event
      const timedOut = step.lock !== undefined && event.error.kind === 'timeout'
      expect('S10', (withdraws !== undefined) === timedOut, `step ${step.path} withdraws ${withdraws?.resource}`)
      if (withdraws) {
        const own = same(step, withdraws) && withdraws.step === (step.sentAs ?? step.path)
        expect('S10', own, `withdraws ask ${withdraws.ask} of ${withdraws.resource}, and has not asked so`)
      }
      book.locks.delete(step)
      return
    }
    case 'compensation-succeeded':
      book.locks.delete(step)
  }
}

type Requested = RequestedCommand & { readonly type: 'step-requested' | 'compensation-requested' }

function expectAsk(step: StepBook, event: Requested & { readonly attempt?: number }, expect: Expect): void {
  const { lock, commandType } = event
  const isLock = step.planned ? step.planned.type === 'lock' : lock !== undefined
  expect('S10', (lock !== undefined) === isLock, `step ${step.path} names ${lock?.resource ?? 'no lock'}`)
  if (!lock) return
  expect('S10', commandType === TYPES[event.type], `a lock is sent ${commandType}`)
  expect('S10', isResource(lock.resource) && lock.permits >= 1, `asks for ${lock.permits} of ${lock.resource}`)
  if (event.type === 'step-requested') expect('S10', lock.ask === event.attempt, `ask ${lock.ask} is not the attempt`)
  else expect('S10', same(step, lock), `frees ask ${lock.ask} of ${lock.resource}, and has not asked so`)
  if (event.type === 'step-requested') step.lock = { resource: lock.resource, ask: lock.ask }
}

function same({ lock }: StepBook, { resource, ask }: { readonly resource: string; readonly ask: number }): boolean {
  return lock?.resource === resource && lock.ask === ask
}

type End = Extract<SagaEvent, { type: 'saga-killed' | 'saga-completed' | 'saga-compensated' }>

export function expectFrees(book: Book, { frees = [] }: End, expect: Expect): void {
  const open = [...new Set(book.locks.values())].sort().join()
  expect('S26', [...frees].sort().join() === open, `frees ${frees.join() || 'nothing'}, and has ${open || 'nothing'}`)
  book.locks.clear()
}
