/**
 * What another plan would leave behind of a saga: steps that somebody has still to answer, to act on or to undo, and that
 * are not there, or are others. The state says what was sent and what is open. Only whether a step had something to undo
 * is not in it: the old plan says that where it is at hand, else the migration does; without a word of either it had.
 */
import { ROOT, scopePath, stepPath } from '../message/step-path.ts'
import { stepsInTurn } from './backward.ts'
import type { BlockStep, Definition, Migration, Plan, StepDefinition } from './definition.ts'
import { isParked } from './parked.ts'
import { type PivotStanding, pivotOf, standingTo } from './pivot.ts'
import { isBlock, isSending, planOf, stepAt, stepNamed } from './plan-tree.ts'
import { type BlockState, type SagaState, type ScopeState, type SentCommand, type StepState, stepIn } from './state.ts'
import { isUndoingBelow } from './tree.ts'

export interface Move {
  readonly before: SagaState
  /** The saga as the move would leave it. */
  readonly after: SagaState
  readonly target: { readonly definition: Definition; readonly old: Definition | undefined }
  readonly migration: Migration
}

/** Why the saga cannot be moved, a line each; none: it can. */
export function orphans(move: Move): readonly string[] {
  const pivot = pivotFaults(move)
  const walk = new Walk(move)
  walk.scope(move.after.root, move.target.definition, ROOT)
  return [...pivot, ...orderFaults(move), ...walk.faults]
}

/** The pivot of the plan that the saga runs on, by its old name; `undefined`: nothing says it. */
function oldPivot({ before, target: { old } }: Move): string | null | undefined {
  return old ? pivotOf(old) : before.pivot
}

/** S7: what is past the pivot stays past it, what is before it stays before it. */
function pivotFaults(move: Move): string[] {
  const { before, after, target, migration } = move
  const was = oldPivot(move)
  if (was === undefined) return ['its log does not say which step is the pivot: the migration needs the old definition']
  const is = pivotOf(target.definition)
  const [standing, then] = [standingTo(before, was), standingTo(after, is)]
  if (standing !== then) return [`the pivot ${was ?? '(none)'} is ${standing}, and ${is ?? '(none)'} would be ${then}`]
  // One that is held is sent when there is room for it, whatever else is not done by then.
  const isHeld = was !== null && stepIn(before.root, was)?.status === 'held'
  if (standing === 'ahead' && !isHeld) return earlyFaults(move)
  const name = was === null ? null : (migration.renames[was] ?? was)
  const where = isHeld ? 'held' : standing
  return name === is ? lateFaults(move) : [`${was} is ${where}, and the pivot would be ${is ?? '(none)'}`]
}

/** Past the pivot nothing may turn back any more: what stands before it in the new plan must be done. */
function lateFaults({ after: { root }, target: { definition } }: Move): string[] {
  const open = definition.steps.filter(({ name, kind }) => kind === 'compensatable' && !isDone(stepIn(root, name)))
  return open.map(({ name }) => `${name} stands before the pivot, which is on its way or done, and is not done`)
}

/** Before the pivot all can turn back: what has begun may not be a step that stands after it. */
function earlyFaults({ before, after: { root }, target: { definition, old } }: Move): string[] {
  const pivot = pivotOf(definition)
  if (pivot !== null && stepIn(root, pivot)?.status === 'skipped') return []
  const late = definition.steps.filter(({ name, kind }) => kind === 'retriable' && isBegun(stepIn(root, name)))
  const wasLate = (name: string) =>
    old !== undefined && stepNamed(old, oldName(before, root, name))?.kind === 'retriable'
  return late
    .filter(({ name }) => !wasLate(name))
    .map(({ name }) => `${name} has begun, and would stand after the pivot, which is not done`)
}

/** Steps of a scope keep their places: so a new name is found again by where it stands. */
function oldName({ root }: SagaState, after: ScopeState, name: string): string {
  const at = after.steps.findIndex((step) => step.name === name)
  return root.steps[at]?.name ?? name
}

function isBegun(step: StepState | undefined): boolean {
  return step !== undefined && step.status !== 'skipped' && step.status !== 'given'
}

function isDone(step: StepState | undefined): boolean {
  return step?.status === 'succeeded' || step?.status === 'skipped' || step?.status === 'given'
}

/** S6: undos that are on their way go on in the order in which they began. */
function orderFaults({ before, target: { definition, old } }: Move): string[] {
  const undoing = before.root.phase === 'backward' || before.lateUndos > 0 || isUndoingBelow(before.root)
  if (!undoing || old === undefined || old.compensation === definition.compensation) return []
  return [`it is being undone, ${old.compensation}, and would be undone ${definition.compensation}`]
}

/** Somebody is asked, or waited for. */
const OPEN: ReadonlySet<StepState['status']> = new Set([
  'armed',
  'retrying',
  'waiting',
  'open',
  'held',
  'undo-held',
  'undoing',
  'undo-retrying',
  'undo-failed',
])
const UNDOING: ReadonlySet<StepState['status']> = new Set(['undoing', 'undo-held', 'undo-retrying', 'undo-failed'])
/** Its effect stands, or may stand, or may turn out to stand: S5, S14. */
const MAY_STAND: ReadonlySet<StepState['status']> = new Set([
  'armed',
  'retrying',
  'held',
  'undo-held',
  'succeeded',
  'given-up',
  'rejected',
  'undoing',
  'undo-retrying',
  'undo-failed',
])

type HeldState = Extract<StepState, { status: 'held' | 'undo-held' }>

class Walk {
  readonly faults: string[] = []
  readonly #move: Move
  /** Past the pivot nothing is undone. */
  readonly #forwardOnly: boolean
  /** Names in the new plan under which nothing else may be sent. */
  readonly #taken: ReadonlyMap<string, string>

  constructor(move: Move) {
    this.#move = move
    const { root } = move.after
    const standing: PivotStanding = standingTo(move.before, oldPivot(move) ?? null)
    this.#forwardOnly = standing === 'passed'
    this.#taken = new Map(root.steps.flatMap(({ name, sentAs }) => (sentAs === undefined ? [] : [[sentAs, name]])))
  }

  scope(scope: ScopeState, plan: Plan | undefined, path: string): void {
    if (path === ROOT && plan) this.#expectFreeNames(plan)
    if (plan) this.#expectTurn(scope, plan, path)
    for (const step of scope.steps) {
      const at = stepPath(path, step.name)
      const planned = plan && stepNamed(plan, step.name)
      if (planned) this.#expectSame(step, planned, at)
      else this.#expectNotNeeded(step, at)
      if (this.#needsUndo(step, { at, phase: scope.phase }) && !isUndoable(planned))
        this.#fault(at, `is ${step.status}, may have to be undone, and has no undo`)
      for (const inner of step.block?.scopes ?? []) {
        const own = planned && isBlock(planned) ? planOf(planned, inner.key) : undefined
        this.scope(inner, own, scopePath(at, inner.key))
      }
    }
  }

  /** S6: where undos come one by one, the one that has begun goes on, and the new plan must have no other before it. */
  #expectTurn(scope: ScopeState, plan: Plan, path: string): void {
    const { definition } = this.#move.target
    if (scope.phase !== 'backward' || definition.compensation !== 'sequential') return
    const begun = scope.steps.filter((step) => this.#hasBegunUndo(step, stepPath(path, step.name)))
    if (begun.length === 0) return
    const turn = stepsInTurn(definition, plan, scope)
    const late = begun.find((step) => !turn.includes(step))
    const before = turn.map(({ name }) => name).join(', ')
    if (late) this.#fault(stepPath(path, late.name), `is being undone, and would be undone after ${before}`)
  }

  /** Its undo is on its way, or waits for a person. What turned back by itself did so whose turn ever it was. */
  #hasBegunUndo({ status, block }: StepState, at: string): boolean {
    if (!block) return UNDOING.has(status) || isParked(this.#move.after, at)
    return [...block.scopes].some(({ phase, cause, key, steps }) => {
      if (cause !== undefined || phase !== 'backward') return false
      return steps.some((inner) => this.#hasBegunUndo(inner, stepPath(scopePath(at, key), inner.name)))
    })
  }

  #fault(at: string, why: string): void {
    this.faults.push(`${at} ${why}`)
  }

  /** A participant that has had a command of that name would take another step's command for the same one. */
  #expectFreeNames({ steps }: Plan): void {
    for (const { name } of steps) {
      const by = this.#taken.get(name)
      if (by !== undefined && by !== name)
        this.#fault(name, `would be another step than ${by}, which was sent as ${name}`)
    }
  }

  #expectNotNeeded(step: StepState, at: string): void {
    const { status, block } = step
    const held = isParked(this.#move.after, at)
    if (OPEN.has(status) || held) this.#fault(at, `is ${held ? 'parked' : status}, and is not in the plan`)
    else if (block && !this.#isOver(block)) this.#fault(at, 'is a block that has begun, and is not in the plan')
  }

  /** Nothing in it will ever be looked at again: without its plan nobody could turn it back. */
  #isOver({ scopes, phases }: BlockState): boolean {
    return this.#forwardOnly ? phases.forward + phases.backward === 0 : phases.undone === scopes.length
  }

  #expectSame(step: StepState, planned: StepDefinition, at: string): void {
    const { block, sent, status } = step
    if (block) this.#expectSameBlock(block, planned, at)
    else if (sent) this.#expectSameCommand(sent.forward, planned, at)
    else if (status === 'held') this.#expectRoomAt(step, planned, at)
    else if (status === 'waiting') {
      const awaited = planned.type === 'signal' ? planned.signal.name : null
      const same = (planned.type === 'signal' || planned.type === 'sleep') && awaited === step.signal
      if (!same) this.#fault(at, `waits for ${step.signal ?? 'a time'}, and would be ${planned.type}`)
    } else if (status !== 'skipped' && status !== 'given' && status !== 'rejected')
      this.#expectSameType(step, planned, at)
    const undo = sent?.undo
    const open = UNDOING.has(status)
    if (status === 'undo-held') this.#expectRoomAt(step, planned, at)
    if (undo && open && isSending(planned) && !isCommand(undo, planned.undo?.command))
      this.#fault(at, `is being undone by ${undo.commandType}, and would be by another command`)
  }

  /** Done without a command: by itself, or by a person's word. */
  #expectSameType({ byWord }: StepState, planned: StepDefinition, at: string): void {
    const { old, before } = { ...this.#move.target, before: this.#move.before }
    const was = old && stepAt(old, this.#oldPath(before, at))
    const same = was ? was.type === planned.type : !isBlock(planned) && (byWord || !isSending(planned))
    if (!same) this.#fault(at, `is done and was not sent, and would be ${planned.type}`)
  }

  #expectSameCommand(sent: SentCommand, planned: StepDefinition, at: string): void {
    const same =
      planned.type === 'child'
        ? sent.starts === planned.child.definition
        : isSending(planned) && isCommand(sent, planned.forward.command)
    if (!same) this.#fault(at, `was sent as ${sent.starts ?? sent.commandType}, and would be another step`)
  }

  /** What is held is sent to the participant that it is held for, and to no other. */
  #expectRoomAt({ status, participant }: HeldState, planned: StepDefinition, at: string): void {
    const own = planned.type === 'command' ? planned : undefined
    const to = status === 'held' ? own?.forward : own?.undo
    if (to?.command.participant !== participant)
      this.#fault(at, `is held for ${participant}, and would not be sent there`)
  }

  #expectSameBlock(block: BlockState, planned: StepDefinition, at: string): void {
    if (!isBlock(planned) || planned.type !== block.kind) {
      this.#fault(at, `is a block of ${block.kind}, and would be ${planned.type}`)
      return
    }
    const fault = scopesFault(block, planned)
    if (fault !== undefined) this.#fault(at, fault)
  }

  /** Whether an undo of the step is owed, or may come to be. */
  #needsUndo(step: StepState, { at, phase }: { at: string; phase: ScopeState['phase'] }): boolean {
    const { status, sent, byWord, block, attempt } = step
    if (block || this.#forwardOnly || !MAY_STAND.has(status) || (!sent && !byWord)) return false
    if (status === 'rejected' && attempt < 2) return false
    const { target, before } = this.#move
    if (phase === 'undone' && before.lateUndos === 0 && status !== 'rejected') return false
    const { old } = target
    const was = this.#oldPath(before, at)
    if (was === oldPivot(this.#move)) return false
    if (old) return isUndoable(stepAt(old, was))
    return !this.#move.migration.keeps.includes(was.replaceAll(/\[[^\]]*\]/g, ''))
  }

  #oldPath(before: SagaState, at: string): string {
    return at.includes('.') || at.includes('[') ? at : oldName(before, this.#move.after.root, at)
  }
}

function isCommand(
  { participant, commandType }: SentCommand,
  command: { readonly participant: string; readonly type: string } | undefined,
): boolean {
  return command?.participant === participant && command.type === commandType
}

function isUndoable(step: StepDefinition | undefined): boolean {
  return step !== undefined && isSending(step) && (step.undo !== undefined || step.byHand !== undefined)
}

/** Scopes that have begun must have their plans, and the block must be able to come to its end. */
function scopesFault({ scopes, phases }: BlockState, planned: BlockStep): string | undefined {
  if (!('branches' in planned)) return undefined
  const keys = [...scopes].map(({ key }) => key)
  const missing = keys.find((key) => !planned.branches.some(({ name }) => name === key))
  if (missing !== undefined) return `has begun its branch ${missing}, which is not in the plan`
  if (planned.type === 'attempt' && keys.some((key, i) => planned.branches[i]?.name !== key))
    return 'has begun its branches in another order'
  const failed = phases.backward + phases.undone
  if (planned.type === 'parallel' && planned.branches.length - failed < planned.enough)
    return `needs ${planned.enough} of ${planned.branches.length} branches, and ${failed} have failed`
  return undefined
}
