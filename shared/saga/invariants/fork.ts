/** A fork: what it is given counts as done in it and is nobody's to undo there; it is given only what its origin has done. */
import type { GivenStep, SagaEvent } from '../../message/events.ts'
import { type Book, isDone, moveStep, type Reading, type StepBook, stepAt } from './book.ts'

type Of<Type extends SagaEvent['type']> = Extract<SagaEvent, { type: Type }>

/** Steps of the saga's own plan, by name. */
const OWN = /^[^.[\]]+$/

export function readGiven(book: Book, { event, expect }: Reading<Of<'saga-started'>>): void {
  const { origin, given = [] } = event
  expect('S3', (origin !== undefined) === (event.given !== undefined), 'a fork has an origin, and is given something')
  if (origin) expect('S3', origin.sagaId !== book.sagaId && origin.seq >= 1, `it is a fork of ${origin.sagaId}`)
  const steps = given.flatMap((one) => ownStep(book, one) ?? [])
  expect('S3', new Set(steps).size === given.length, 'what is given are steps of its own plan, each once')
  for (const { step: name, output } of given) {
    const step = steps.find(({ path }) => path === name)
    if (step) take(book, step, output !== undefined)
  }
  for (const { path, planned } of steps) {
    const done = planned?.after.filter((name) => isDone(book.root.steps.get(name)?.standing ?? 'idle')).length ?? 0
    expect('S4', done >= (planned?.needs ?? 0), `${path} is given, and ${done} of what it comes after`)
  }
}

function ownStep(book: Book, { step: path }: GivenStep): StepBook | undefined {
  const step = OWN.test(path) ? stepAt(book, path) : undefined
  return book.plan && !step?.planned ? undefined : step
}

/** Nothing of it is undone here: it stands as one that was skipped. S7: the pivot counts. */
function take(book: Book, step: StepBook, isDone: boolean): void {
  const isPivot = isDone && (step.planned?.isPivot ?? book.pivot === step.name)
  moveStep(book, step, isPivot ? 'done' : 'skipped')
  if (isPivot) book.pastPivot = true
}

/** The origin: no step that is not done, was undone, or comes after the one where the fork begins. */
export function readForked(book: Book, { event, expect }: Reading<Of<'saga-forked'>>): void {
  const { from, fork, given } = event
  expect('S3', fork !== book.sagaId, 'it is its own fork')
  expect('S3', !book.plan || book.plan.steps.has(from), `the plan has no step ${from}`)
  const later = new Set([from, ...(book.plan?.steps.get(from)?.later ?? [])])
  for (const { step: name, output } of given) {
    const step = book.root.steps.get(name)
    expect('S4', step !== undefined && isDone(step.standing) && !step.undone, `${name} is ${step?.standing ?? 'idle'}`)
    expect('S4', !later.has(name), `${name} is given, and does not come before ${from}`)
    expect('S4', step?.standing !== 'done' || output !== undefined, `${name} is done, and its output is not given`)
  }
}
