/** What can be wrong with one step by itself: its figures, its branches, what it says of its undo. */

import { PERMITS_MAX } from '../message/lock-command.ts'
import { branchNameFault, repeated } from './check-names.ts'
import type {
  ApprovalSpec,
  BlockStep,
  Branch,
  EachStep,
  LockStep,
  SendingStep,
  SignalStep,
  StepDefinition,
} from './definition.ts'

/** Most rounds of a `repeat`. */
export const ROUNDS_MAX = 10_000
/** Most items of an `each` that are on the way at the same time. */
export const PARALLEL_MAX = 1_000

/** What is wrong with the step, whatever stands around it. */
export function stepFaults(step: StepDefinition): readonly string[] {
  switch (step.type) {
    case 'command':
    case 'child':
      return undoFaults(step)
    case 'lock':
      return [...undoFaults(step), ...lockFaults(step)]
    case 'signal':
      return step.approval ? approvalFaults(step.approval) : []
    case 'local':
    case 'sleep':
      return []
    case 'each':
      return [
        ...figure('items on the way at the same time', step.parallelMax, PARALLEL_MAX),
        ...toleranceFaults(step.tolerated),
      ]
    case 'repeat':
      return figure('rounds', step.roundsMax, ROUNDS_MAX)
    default:
      return branchFaults(step)
  }
}

function figure(what: string, value: number, max: number): string[] {
  return isCount(value, 1, max) ? [] : [`${what}: a whole number from 1 to ${max}, not ${value}`]
}

function isCount(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max
}

function toleranceFaults(tolerated: EachStep['tolerated']): string[] {
  if ('share' in tolerated) {
    const { share } = tolerated
    return share >= 0 && share <= 1 ? [] : [`the tolerated share is between 0 and 1 (0% and 100%), not ${share}`]
  }
  const fits = isCount(tolerated.count, 0, Number.MAX_SAFE_INTEGER)
  return fits ? [] : [`the tolerated count is a whole number from 0, not ${tolerated.count}`]
}

function undoFaults(step: SendingStep): string[] {
  const faults: string[] = []
  if (step.undo && step.byHand !== undefined) faults.push('it has an undo, and is to be undone by hand: one of them')
  const undone = step.undo !== undefined || step.byHand !== undefined
  if (undone && step.kind !== 'compensatable') faults.push('it has an undo, but from the pivot on nothing is undone')
  if (step.type !== 'command' || !step.irreversible) return faults
  if (undone) faults.push('it is irreversible, and has an undo: one of them')
  if (step.kind === 'compensatable')
    faults.push(
      'it is irreversible, and the saga may turn back after it: make it the pivot, or let it come after the pivot',
    )
  return faults
}

function lockFaults({ permits, kind, forward }: LockStep): string[] {
  const pivot = kind === 'pivot' ? ['it is the pivot, and a lock does nothing that could not be undone'] : []
  const waits = (forward.timeoutMs ?? 0) > 0 ? [] : ['its timeout is longer than nothing']
  return [...pivot, ...waits, ...figure('permits', permits, PERMITS_MAX)]
}

function approvalFaults({ roles, answers, turnBackOn }: ApprovalSpec): string[] {
  const faults: string[] = []
  if (roles.length === 0) faults.push('nobody may answer: it names no role')
  if (answers.length === 0) faults.push('there is no answer to give')
  for (const answer of turnBackOn)
    if (!answers.includes(answer)) faults.push(`it turns back on ${answer}, which is none of its answers`)
  if (answers.length > 0 && answers.every((answer) => turnBackOn.includes(answer)))
    faults.push('every answer turns the saga back')
  return faults
}

function branchFaults(block: Extract<BlockStep, { branches: unknown }>): string[] {
  const { branches } = block
  if (branches.length === 0) return ['it has no branch']
  const names = branches.map(({ name }) => name)
  return [
    ...names.flatMap((name) => branchNameFault(name) ?? []),
    ...repeated(names).map((name) => `two branches are called ${name}`),
    ...conditionFaults(block.type, branches),
    ...(block.type === 'parallel' && !isCount(block.enough, 1, branches.length)
      ? [`enough branches: a whole number from 1 to ${branches.length}, not ${block.enough}`]
      : []),
  ]
}

function conditionFaults(type: BlockStep['type'], branches: readonly Branch[]): string[] {
  const free = branches.filter(({ when }) => when === undefined).map(({ name }) => name)
  if (type === 'choose') return free.length > 1 ? [`more than one branch has no condition: ${free.join(', ')}`] : []
  return free.length < branches.length ? ['its branches have conditions, which are for choose alone'] : []
}

/** What in a step past the pivot could need the saga to turn back. */
export function turnsBack(step: StepDefinition): string | undefined {
  switch (step.type) {
    case 'attempt':
      return 'a branch that fails is undone'
    case 'parallel':
      return step.enough < step.branches.length ? 'the branches that are not needed are undone' : undefined
    case 'each':
      return tolerates(step.tolerated) ? 'an item that fails is undone' : undefined
    case 'repeat':
      return step.atLimit === 'turn-back' ? 'it turns back after its last round' : undefined
    case 'signal':
      return waitTurnsBack(step)
    default:
      return undefined
  }
}

function tolerates(tolerated: EachStep['tolerated']): boolean {
  return 'share' in tolerated ? tolerated.share > 0 : tolerated.count > 0
}

function waitTurnsBack({ deadlineMs, onDeadline, approval }: SignalStep): string | undefined {
  if (deadlineMs !== undefined && onDeadline === 'turn-back') return 'it turns back at its deadline'
  return approval && approval.turnBackOn.length > 0 ? 'some answers turn it back' : undefined
}
