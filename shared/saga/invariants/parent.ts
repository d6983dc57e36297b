/** What a child saga and its parent say to each other: S10 of answers, S3 of what was asked. */
import type { SagaEvent } from '../../message/events.ts'
import type { SagaPhase } from '../legality.ts'
import type { Book, Expect, Reading } from './book.ts'

type Of<Type extends SagaEvent['type']> = Extract<SagaEvent, { type: Type }>

export function readUndoAsked(book: Book, { event, expect }: Reading<Of<'undo-requested'>>): void {
  expect('S3', book.parent !== undefined, 'the saga has no parent')
  expect('S10', event.attempt >= 1 && event.attempt >= book.undoAsked, `undo ${event.attempt} after ${book.undoAsked}`)
  book.undoAsked = event.attempt
}

/** An answer is to the step that asked, and to an attempt that it made. */
export function readAnswer(book: Book, { event, expect }: Reading<Of<'parent-answered'>>): void {
  const { parent } = book
  expect('S10', parent?.sagaId === event.parent && parent.step === event.step, `answers ${event.parent}/${event.step}`)
  if (event.direction === 'forward') {
    expect('S10', book.phase === 'voided' || parent?.waits === true, 'the parent waits for no answer')
    expect('S10', event.attempt === parent?.attempt, `answers attempt ${event.attempt} of ${parent?.attempt}`)
  } else {
    const asked = event.attempt >= 1 && (event.attempt <= book.undoAsked || UNASKED.has(book.phase))
    expect('S10', asked, `answers undo ${event.attempt}, not asked for`)
    book.undoAnswered = event.attempt
  }
  if (saysPastPivot(event)) book.pastPivot = true
  book.answeredParent = true
}

/** Only one that is not its parent is told that it is none. */
export function expectStranger({ parent }: Book, { event, expect }: Reading<Of<'parent-refused'>>): void {
  const own = parent?.sagaId === event.parent && parent.step === event.step
  expect('S10', !own, `tells its parent ${event.parent}/${event.step} that it is none`)
}

/** What never ran, or was killed, takes no note of an undo: it answers. */
const UNASKED: ReadonlySet<SagaPhase> = new Set(['voided', 'killed'])

/** Without the plan this is how a log tells that the pivot is past. */
function saysPastPivot({ direction, outcome, body }: Of<'parent-answered'>): boolean {
  if (direction !== 'compensate' || outcome !== 'rejected') return false
  return typeof body === 'object' && body !== null && 'code' in body && body.code === 'past-pivot'
}

/** S10: a parent that waits is told of the end, just before it, unless it has asked for an undo and was answered to that. */
export function expectAnswered(book: Book, expect: Expect): void {
  const { parent, undoAsked, undoAnswered } = book
  const told = book.answeredParent || (undoAsked > 0 && undoAnswered === undoAsked)
  expect('S10', parent?.waits !== true || told, 'its parent was not answered')
}
