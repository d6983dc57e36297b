/**
 * What the events said of a saga so far, as a tree: scopes hold steps, a step that is a block holds scopes. Everything that
 * a rule asks for is kept as the events come, so that a history of any length is read once.
 */
import type { BlockKind, EventEnvelope, ParentLink, SagaEvent } from '../../message/events.ts'
import type { Direction } from '../../message/ids.ts'
import { nameOf, ROOT, scopeAround } from '../../message/step-path.ts'
import type { SagaPhase, ScopePhase, Standing } from '../legality.ts'
import type { PlannedGraph, PlannedStep, PlanOutline } from './plan-outline.ts'
import type { AttemptTimes } from './times.ts'

export type InvariantId = 'S1' | 'S3' | 'S4' | 'S5' | 'S6' | 'S7' | 'S10' | 'S14' | 'S15' | 'S23'

/** The plan of a version that a saga was moved to, where it is known. */
export type MovedTo = (event: Extract<SagaEvent, { type: 'saga-migrated' }>) => PlanOutline | undefined

export interface Violation {
  readonly invariant: InvariantId
  readonly message: string
  /** Of the event that broke it. */
  readonly seq?: number
}

/** Notes a violation unless it holds. */
export type Expect = (invariant: InvariantId, holds: boolean, message: string) => void

/** One event to be read, with the way to say what it breaks. */
export interface Reading<Event extends SagaEvent = SagaEvent> {
  readonly event: Event
  readonly at: number
  readonly expect: Expect
}

export interface StepBook {
  path: string
  name: string
  readonly scope: ScopeBook
  planned: PlannedStep | undefined
  /** The path that it was first sent under, where it has another name by now. */
  sentAs: string | undefined
  /** The command that it was sent as, and whether it has been sent at all. */
  command: string | undefined
  standing: Standing
  /** Where it stood when it was held, and for what it is. */
  held: { readonly from: Standing; readonly participant: string; readonly key: string | undefined } | undefined
  /** It began on another plan than the one that the saga runs on: what it waited for was said there. */
  broughtOver: boolean
  /** It waits for a person. */
  parked: boolean
  /** A person has said to try again what was parked. */
  retried: boolean
  /** Payloads that a person gave it, as JSON, by direction. */
  edited: { readonly [Way in Direction]?: string }
  attempts: number
  undoAttempts: number
  /** Its undo has begun, or waited for a person as the next. */
  hadTurn: boolean
  /** It was undone. */
  undone: boolean
  /** It succeeded when nobody asked any more. */
  late: boolean
  /** It is the pivot, or a block with the pivot in it, and the pivot is done. */
  pastPivot: boolean
  /** When it began, among all steps; the same of everything around it first. */
  trail: readonly number[]
  /** No timer of the step may fire before: as the newest event that names a time says. */
  notBefore: number
  /** The other times of its newest attempt. */
  times: AttemptTimes
  /** Name of the signal that it waits for. */
  signal: string | null
  /** Of a step that is a child saga: its id. */
  child: string | undefined
  /** That child has said that it will not succeed. */
  childIsOver: boolean
  block: BlockBook | undefined
}

export interface BlockBook {
  readonly step: StepBook
  readonly kind: BlockKind
  readonly count: number
  /** In the order that they began. */
  readonly scopes: ScopeBook[]
  /** How many of them are at each phase. */
  readonly at: Record<ScopePhase, number>
  /** From this one on, scopes may be undone now: the last ones first. */
  undoFrom: number | undefined
}

export interface ScopeBook {
  readonly path: string
  /** Its place among the scopes of its block. */
  readonly index: number
  readonly block: BlockBook | undefined
  plan: PlannedGraph | undefined
  readonly steps: Map<string, StepBook>
  readonly trail: readonly number[]
  phase: ScopePhase
  /** An undo in it waited for a person, so that it held up no other item. */
  gaveWay: boolean
  /** The scope that it turned back with: itself, or one around it. */
  turnedWith: ScopeBook | undefined
  /** Of a scope that others turned back with, where undos come one by one: what is to be undone, the last to begin last. */
  due: StepBook[]
}

/** Something that must be seen next: a failed step turns a scope back or is parked, a let-go child is done at once. */
export interface Owed {
  readonly step: StepBook
  readonly what: 'turn' | 'park' | 'either' | 'done' | 'undone'
}

export interface Book {
  plan: PlanOutline | undefined
  readonly movedTo: MovedTo
  definition: string | undefined
  version: number | undefined
  /** The pivot of the plan that it runs on, as its events say; `null`: there is none. */
  pivot: string | null | undefined
  readonly sagaId: string | undefined
  readonly found: Violation[]
  readonly scopes: Map<string, ScopeBook>
  readonly root: ScopeBook
  /** Kinds of steps, as `kindOf` names them, that are undone anywhere: without the plan, those that can be. */
  readonly undoneKinds: ReadonlySet<string>
  readonly parked: Set<StepBook>
  readonly undoing: Set<StepBook>
  /** Signals that have come, and which wait they ended. */
  readonly signals: Map<string, { readonly name: string; takenBy: string | undefined }>
  outputParked: boolean
  paused: boolean
  phase: SagaPhase
  seq: number
  /** Scopes that are turning back, but for the saga's own. */
  backward: number
  begun: number
  deadlineAt: number | null
  parent: ParentLink | undefined
  /** Attempt of the parent's undo; 0: it asked for none. */
  undoAsked: number
  undoAnswered: number
  /** The event before answered the parent. */
  answeredParent: boolean
  pastPivot: boolean
  owed: Owed | undefined
}

interface KnownPlans {
  readonly plan: PlanOutline | undefined
  readonly movedTo: MovedTo | undefined
}

export function newBook(history: readonly EventEnvelope[], { plan, movedTo }: KnownPlans): Book {
  const root: ScopeBook = {
    path: ROOT,
    index: 0,
    block: undefined,
    plan,
    steps: new Map(),
    trail: [],
    phase: 'forward',
    gaveWay: false,
    turnedWith: undefined,
    due: [],
  }
  return {
    plan,
    movedTo: movedTo ?? (() => undefined),
    definition: undefined,
    version: undefined,
    pivot: undefined,
    sagaId: history[0]?.sagaId,
    found: [],
    scopes: new Map([[ROOT, root]]),
    root,
    undoneKinds: plan && !wasMoved(history) ? new Set() : undoneAnywhere(history),
    parked: new Set(),
    undoing: new Set(),
    signals: new Map(),
    outputParked: false,
    paused: false,
    phase: 'none',
    seq: 0,
    backward: 0,
    begun: 0,
    deadlineAt: null,
    parent: undefined,
    undoAsked: 0,
    undoAnswered: 0,
    answeredParent: false,
    pastPivot: false,
    owed: undefined,
  }
}

function wasMoved(history: readonly EventEnvelope[]): boolean {
  return history.some(({ event }) => event.type === 'saga-migrated')
}

/** A step that is ever compensated has a compensation, and so have those in the other items and rounds. */
function undoneAnywhere(history: readonly EventEnvelope[]): Set<string> {
  return new Set(history.flatMap(({ event }) => (isUndo(event) && event.step !== null ? [kindOf(event.step)] : [])))
}

function isUndo(event: SagaEvent): event is Extract<SagaEvent, { step: string | null }> {
  if (event.type === 'saga-stuck') return event.error.kind === 'person'
  return event.type === 'compensation-requested' || event.type === 'compensation-held' || event.type === 'undo-resolved'
}

/** A step's path without the numbers of items and rounds. */
function kindOf(path: string): string {
  return path.replace(/\[\d+\]/g, '[]')
}

/** Whether the step can be undone, as far as is known. */
export function canBeUndone(book: Book, step: StepBook): boolean {
  return book.plan ? step.planned?.hasUndo === true : book.undoneKinds.has(kindOf(step.path))
}

/** The step at a path, noted from now on; `undefined` when the scope that it stands in never began. */
export function stepAt(book: Book, path: string): StepBook | undefined {
  const scope = book.scopes.get(scopeAround(path))
  if (!scope) return undefined
  const name = nameOf(path)
  let step = scope.steps.get(name)
  if (!step) {
    step = newStep(path, scope)
    scope.steps.set(name, step)
  }
  return step
}

function newStep(path: string, scope: ScopeBook): StepBook {
  const name = nameOf(path)
  return {
    path,
    name,
    scope,
    planned: scope.plan?.steps.get(name),
    sentAs: undefined,
    command: undefined,
    standing: 'idle',
    held: undefined,
    broughtOver: false,
    parked: false,
    retried: false,
    edited: {},
    attempts: 0,
    undoAttempts: 0,
    hadTurn: false,
    undone: false,
    late: false,
    pastPivot: false,
    trail: [],
    notBefore: Number.NEGATIVE_INFINITY,
    times: {},
    signal: null,
    child: undefined,
    childIsOver: false,
    block: undefined,
  }
}

export function isDone(standing: Standing): boolean {
  return standing === 'done' || standing === 'skipped'
}

export function isUndoing(standing: Standing): boolean {
  return standing === 'undoing' || standing === 'undo-waiting' || standing === 'undo-held'
}

/** Where a step stands, whether or not it is held just now: nothing of it has changed by that. */
export function standingBehind({ standing, held }: StepBook): Standing {
  return held && (standing === 'held' || standing === 'undo-held') ? held.from : standing
}

/** Whether the effect of a step may stand, so that it has to be undone. */
export function mayStand(step: StepBook): boolean {
  const { standing } = step
  return (
    !step.block && (standing === 'done' || standing === 'unknown' || isUndoing(standing) || standing === 'undo-failed')
  )
}

export function moveStep(book: Book, step: StepBook, to: Standing): void {
  if (step.standing === 'idle' && to !== 'idle') step.trail = [...step.scope.trail, ++book.begun]
  step.standing = to
  if (isUndoing(to)) book.undoing.add(step)
  else book.undoing.delete(step)
}

export function moveScope(book: Book, scope: ScopeBook, to: ScopePhase): void {
  if (scope.block) {
    scope.block.at[scope.phase]--
    scope.block.at[to]++
    if (scope.phase === 'backward') book.backward--
    if (to === 'backward') book.backward++
  }
  scope.phase = to
}

export function unpark(book: Book, step: StepBook): void {
  step.parked = false
  book.parked.delete(step)
}
