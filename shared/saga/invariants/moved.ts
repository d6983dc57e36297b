/** A saga is moved to another version (S23): from here on it is held against that plan, and nothing open may be left behind. */

import type { SagaEvent } from '../../message/events.ts'
import { nameOf, ROOT, stepPath } from '../../message/step-path.ts'
import type { Standing } from '../legality.ts'
import {
  type Book,
  isDone,
  moveStep,
  type Reading,
  type ScopeBook,
  type StepBook,
  standingBehind,
  stepAt,
  unpark,
} from './book.ts'
import type { PlannedGraph, PlannedStep } from './plan-outline.ts'

type Moved = Extract<SagaEvent, { type: 'saga-migrated' }>

export function readMoved(book: Book, { event, expect, at }: Reading<Moved>): void {
  expect('S23', book.version === event.fromVersion, `the saga is of version ${book.version}, not ${event.fromVersion}`)
  expect('S23', event.toVersion !== event.fromVersion, `it is of version ${event.toVersion} already`)
  const pivot = pivotBefore(book)
  const before = typeof pivot === 'string' ? standingOf(book, pivot) : undefined
  rename(book, { event, expect, at })
  book.version = event.toVersion
  book.pivot = event.pivot
  book.plan = book.movedTo(event)
  refit(book.root, book.plan)
  if (pivot !== undefined) expectPivotKept(book, before, { event, expect, at })
  for (const step of event.unparked ?? []) letGo(book, step, { event, expect, at })
  giveOutputs(book, { event, expect, at })
  if (book.plan) for (const step of book.root.steps.values()) expectNotLeft(step, expect)
}

/** The pivot of the plan so far: as the log says, else as that plan does; `undefined`: neither is at hand. */
function pivotBefore({ pivot, plan }: Book): string | null | undefined {
  if (pivot !== undefined || !plan) return pivot
  return [...plan.steps.values()].find(({ isPivot }) => isPivot)?.name ?? null
}

/** While a step is held, it is what it was before. */
function standingOf({ root }: Book, name: string): Standing | undefined {
  const step = root.steps.get(name)
  return step && standingBehind(step)
}

/** What is sent, or may be done, where a pivot is. */
const SENT: ReadonlySet<Standing> = new Set(['armed', 'waiting', 'unknown', 'done'])

/** S7: what is past the pivot stays past it. */
function expectPivotKept(book: Book, before: Standing | undefined, { event, expect }: Reading<Moved>): void {
  const now = event.pivot === null ? undefined : standingOf(book, event.pivot)
  const [was, is] = [before && SENT.has(before) ? before : 'ahead', now && SENT.has(now) ? now : 'ahead']
  expect('S7', was === is, `the pivot was ${was}, and is ${is}`)
}

function rename(book: Book, { event, expect }: Reading<Moved>): void {
  const { steps } = book.root
  const moved = Object.entries(event.renames ?? {}).flatMap(([from, to]) => {
    const step = steps.get(from)
    expect('S23', step !== undefined && !step.block, `there is no step ${from} that could be named ${to}`)
    if (!step) return []
    steps.delete(from)
    return [{ step, to }]
  })
  for (const { step, to } of moved) {
    expect('S23', !steps.has(to), `there are two steps named ${to}`)
    if (step.command !== undefined) step.sentAs ??= step.path
    step.name = nameOf(to)
    step.path = to
    steps.set(to, step)
  }
}

/** Every step that was seen so far is the one of that name in the new plan. */
function refit(scope: ScopeBook, plan: PlannedGraph | undefined): void {
  scope.plan = plan
  for (const step of scope.steps.values()) {
    step.planned = plan?.steps.get(step.name)
    step.broughtOver ||= step.standing !== 'idle'
    if (!step.block) continue
    step.block.undoFrom = undefined
    const plans = step.planned?.block?.plans
    for (const inner of step.block.scopes) refit(inner, plans?.get(keyOf(inner)) ?? plans?.get(''))
  }
}

function keyOf({ path }: ScopeBook): string {
  return path.slice(path.lastIndexOf('[') + 1, -1)
}

function letGo(book: Book, path: string | null, { expect }: Reading<Moved>): void {
  if (path === null) {
    expect('S3', book.outputParked, 'the output waits for nobody')
    book.outputParked = false
    return
  }
  const step = stepAt(book, path)
  expect('S3', step?.parked === true, `step ${path} waits for no person`)
  if (!step?.parked) return
  // It has not begun: the new plan may not have it.
  if (step.standing === 'idle') step.scope.steps.delete(step.name)
  step.notBefore = Number.NEGATIVE_INFINITY
  step.retried = true
  unpark(book, step)
}

/** What has not begun counts as done from here on, and is never the pivot. */
function giveOutputs(book: Book, { event, expect }: Reading<Moved>): void {
  for (const name of Object.keys(event.outputs ?? {})) {
    const step = stepAt(book, stepPath(ROOT, name))
    if (!step) continue
    const given = step.standing === 'idle' || isDone(step.standing)
    expect('S23', given && !step.block, `step ${name} is ${step.standing}, and is given an output`)
    if (step.standing !== 'idle') continue
    expect('S7', step.name !== event.pivot, `the pivot ${name} is taken as done`)
    moveStep(book, step, 'skipped')
  }
}

/** Somebody is asked or waited for. */
const OPEN: ReadonlySet<Standing> = new Set([
  'armed',
  'waiting',
  'awaiting',
  'open',
  'held',
  'undo-held',
  'undoing',
  'undo-waiting',
  'undo-failed',
])
const SENDS: ReadonlySet<PlannedStep['type']> = new Set(['command', 'child'])

/** S23: what is open is in the plan, and is what it was. */
function expectNotLeft(step: StepBook, expect: Reading['expect']): void {
  const { planned, standing, path, block, command } = step
  expect('S23', planned !== undefined || !OPEN.has(standing), `step ${path} is ${standing}, and is not in the plan`)
  expect('S23', planned !== undefined || !step.parked, `step ${path} waits for a person, and is not in the plan`)
  if (planned && block) expect('S23', planned.type === block.kind, `block ${path} of ${block.kind} is ${planned.type}`)
  if (planned && command !== undefined)
    expect('S23', SENDS.has(planned.type) && (planned.command ?? command) === command, `step ${path} was ${command}`)
  for (const inner of block?.scopes ?? [])
    if (inner.phase !== 'undone') for (const own of inner.steps.values()) expectNotLeft(own, expect)
}
