/** S5 and S6 as they are written, held against a history: what must be undone, once, and in which order. */
import type { EventEnvelope } from '../../shared/message/events.ts'
import {
  blockAround,
  isWithin,
  pathParts,
  ROOT,
  scopeAround,
  scopePath,
  stepPath,
} from '../../shared/message/step-path.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import { planAt, stepAt } from '../../shared/saga/plan-tree.ts'
import { must } from './must.ts'
import { NaiveBook, type Sent } from './naive-book.ts'

/** Expects that just what may have been done is undone. `quiet`: nothing is open any more, so that all of it is. */
export function undoneAsText(definition: Definition, history: readonly EventEnvelope[], quiet: boolean): void {
  expectUndone(new NaiveBook(definition, history), quiet)
}

/** The same of a history that has been read; of what was undone before it was moved, not the order: another plan said that. */
export function expectUndone(book: NaiveBook, quiet: boolean): void {
  const due = book.due()
  const dueNow = new Set(due)
  for (const sent of book.sent.values()) {
    const { path, undone, turn, undoBegun = undone[0] } = sent
    must(undone.length < 2, () => `S5: ${path} is undone ${undone.length} times`)
    if (undoBegun === undefined) continue
    must(dueNow.has(sent), () => `S5: ${path} is undone, and was not to be`)
    const since = sent.refused ? sent.late : turn?.seq
    must(since !== undefined && since < undoBegun, () => `S5: ${path} is undone before it was to be`)
  }
  if (quiet) for (const { path, undone } of due) must(undone.length === 1, () => `S5: ${path} is not undone at the end`)
  for (const [scope, seq] of book.closed) expectClosed(book, { scope, seq, due })
  for (const later of due) for (const sooner of due) expectOrder(book, sooner, later)
  if (book.definition.compensation === 'sequential') expectOneByOne(book, due)
}

/** Whether the step is undone apart from its scope, which had come to its end when it turned out to have been done. */
function isApart(book: NaiveBook, { path, late }: Sent, within: string): boolean {
  if (late === undefined) return false
  for (let scope = scopeAround(path); scope !== within && scope !== ROOT; scope = outward(scope))
    if ((book.closed.get(scope) ?? late) < late) return true
  return (book.closed.get(within) ?? late) < late
}

function outward(scope: string): string {
  return scopeAround(blockAround(scope)?.block ?? ROOT)
}

function expectClosed(
  book: NaiveBook,
  { scope, seq, due }: { scope: string; seq: number; due: readonly Sent[] },
): void {
  for (const sent of due) {
    const { path, late, undone } = sent
    if (!isWithin(path, scope) || (late !== undefined && late > seq)) continue
    if (scope !== ROOT && isApart(book, sent, scope)) continue
    must((undone[0] ?? seq) < seq, () => `S5: ${scope || 'the saga'} ends, and ${path} is not undone`)
  }
}

/** Whether the undo of the one waits for that of the other, which depends on it: where both are, all turned back. */
function waitsFor(book: NaiveBook, sooner: Sent, later: Sent): boolean {
  if (sooner === later || !sooner.turn) return false
  const place = meeting(sooner.path, later.path)
  if (!place || !isWithin(place.scope, sooner.turn.scope) || !comesAfter(book.definition, place)) return false
  return !isApart(book, later, place.scope) && !isApart(book, sooner, place.scope)
}

/** S6: the undo of a step waits for the undos of those that depend on it. */
function expectOrder(book: NaiveBook, sooner: Sent, later: Sent): void {
  if (sooner.undoBegun === undefined || sooner.undoBegun < book.movedAt || !waitsFor(book, sooner, later)) return
  const { late = 0 } = later
  if (late > sooner.undoBegun) return
  const settled = later.undone[0] ?? Number.POSITIVE_INFINITY
  must(settled < sooner.undoBegun, () => `S6: ${sooner.path} is undone before ${later.path}`)
}

interface Meeting {
  /** The innermost scope that both are in, and the names of the steps there that they are or stand in. */
  readonly scope: string
  readonly sooner: string
  readonly later: string
  /** Where that is one block: which scopes of it. */
  readonly keys: readonly [string, string] | undefined
}

function meeting(sooner: string, later: string): Meeting | undefined {
  const [left, right] = [pathParts(sooner), pathParts(later)]
  let scope: string = ROOT
  for (let i = 0; ; i++) {
    const [a, b] = [left[i], right[i]]
    if (!a || !b) return undefined
    if (a.name !== b.name) return { scope, sooner: a.name, later: b.name, keys: undefined }
    if (a.key === undefined || b.key === undefined) return undefined
    if (a.key !== b.key) return { scope, sooner: a.name, later: a.name, keys: [a.key, b.key] }
    scope = scopePath(stepPath(scope, a.name), a.key)
  }
}

function comesAfter(definition: Definition, { scope, sooner, later, keys }: Meeting): boolean {
  if (!keys) return dependsOn(definition, scope, { later, sooner })
  const rounds = stepAt(definition, stepPath(scope, sooner))?.type === 'repeat'
  return rounds && Number(keys[0]) < Number(keys[1])
}

function dependsOn(definition: Definition, scope: string, pair: { later: string; sooner: string }): boolean {
  const steps = planAt(definition, scope)?.steps ?? []
  const after = new Set<string>([pair.sooner])
  // They stand in an order in which each comes after those it depends on.
  for (const step of steps) if (step.after.some((name) => after.has(name))) after.add(step.name)
  return after.has(pair.later)
}

/** Expects of a saga in which nothing moves that each undo which is left is parked, or waits for one that is left. */
export function idleAsText(
  definition: Definition,
  history: readonly EventEnvelope[],
  parked: ReadonlySet<string | null>,
): void {
  if (definition.compensation === 'sequential') return
  const book = new NaiveBook(definition, history)
  const left = book.due().filter(({ undone }) => undone.length === 0)
  for (const sent of left) {
    const held = parked.has(sent.path) || left.some((other) => waitsFor(book, sent, other))
    must(held, () => `L1: ${sent.path} is to be undone, nothing holds it, and it is not begun`)
  }
}

/** One undo after the other, of those that turned back together. */
function expectOneByOne(book: NaiveBook, due: readonly Sent[]): void {
  const begun = due.filter((sent) => (sent.undoBegun ?? -1) > book.movedAt && sent.late === undefined)
  for (const one of begun)
    for (const other of begun) {
      if (one === other || one.turn !== other.turn || (one.undoBegun ?? 0) > (other.undoBegun ?? 0)) continue
      const settled = one.undone[0] ?? Number.POSITIVE_INFINITY
      must(settled < (other.undoBegun ?? 0), () => `S6: ${other.path} is undone beside ${one.path}, not after it`)
      // What began on one plan may be held up on another by what never had to wait for it.
      if (book.movedAt === 0) expectLastFirst(book, one, other)
    }
}

/** Of two of which neither waits for the other, the one that began last. */
function expectLastFirst(book: NaiveBook, first: Sent, second: Sent): void {
  const place = meeting(first.path, second.path)
  if (!place || isHeldUp(book, place, first)) return
  const at = ({ keys, scope }: Meeting, name: string, which: 0 | 1) =>
    book.began.get(keys ? scopePath(stepPath(scope, name), keys[which]) : stepPath(scope, name)) ?? 0
  const later = at(place, place.sooner, 0) > at(place, place.later, 1)
  must(later, () => `S6: ${first.path} is undone before ${second.path}, which began later`)
}

/** Whether the one undone second had to wait for something else that is undone. */
function isHeldUp(book: NaiveBook, { scope, later, keys }: Meeting, first: Sent): boolean {
  if (keys) return false
  const begun = first.undoBegun ?? 0
  return book.due().some(({ path, turn, undone, late }) => {
    if (turn !== first.turn || !isWithin(path, scope) || late !== undefined) return false
    const name = pathParts(path)[pathParts(scope).length]?.name ?? ''
    const open = (undone[0] ?? Number.POSITIVE_INFINITY) >= begun
    return open && name !== later && dependsOn(book.definition, scope, { sooner: later, later: name })
  })
}

/** Expects that each command was sent when as many as it needs of those that it depends on were done: S4. */
export function begunAsText(definition: Definition, history: readonly EventEnvelope[]): void {
  const done = new Set<string>()
  const begun = new Set<string>()
  for (const { event } of history) {
    if (event.type === 'saga-started') for (const { step } of event.given ?? []) done.add(step)
    if (!('step' in event) || event.step === null) continue
    const { step: path, type } = event
    const begins =
      type === 'step-requested' || type === 'step-held' || type === 'block-started' || type === 'wait-started'
    if ((begins || type === 'step-skipped' || type === 'step-computed') && !begun.has(path)) {
      begun.add(path)
      const step = stepAt(definition, path)
      const met = step?.after.filter((name) => done.has(stepPath(scopeAround(path), name))).length ?? 0
      must(step !== undefined && met >= step.needs, () => `S4: ${path} begins when ${met} are done`)
    }
    if (DONE.has(type)) done.add(path)
  }
}

const DONE: ReadonlySet<EventEnvelope['event']['type']> = new Set([
  'step-succeeded',
  'step-resolved',
  'step-skipped',
  'step-computed',
  'wait-ended',
  'block-completed',
])
