/**
 * How long sagas of a definition can need what their participants remember: from their start until the last undo. By the
 * definition's own times alone: the time that a saga is stuck or paused comes on top.
 */
import type { Definition, Plan, PlannedCommand, StepDefinition } from './definition.ts'
import { isBlock, isSending, plansInside } from './plan-tree.ts'
import type { RetryPolicy } from './retry-policy.ts'

/**
 * Milliseconds until the last undo of a saga that turns back as late as it can; `Infinity` where nothing ends it, as
 * without a deadline. Undos are counted one after the other, those of a fan-out once and of a loop once a round.
 */
export function longestMs(definition: Definition): number {
  const { deadlineMs = Number.POSITIVE_INFINITY } = definition
  const undosMs = sum(definition, (step) => (isSending(step) && step.undo ? commandMs(step.undo) : 0))
  // A deadline that passes while the pivot is on its way waits for its answer.
  const pivotMs = sum(definition, (step) => (isSending(step) && step.kind === 'pivot' ? commandMs(step.forward) : 0))
  return deadlineMs + pivotMs + undosMs
}

/** The definitions whose sagas send commands of a participant, also by way of a child, which its parent can undo. */
export function sagasOf(participant: string, definitions: readonly Definition[]): readonly Definition[] {
  const asks = new Set(definitions.filter((one) => sends(one, (step) => commandsOf(step).includes(participant))))
  for (let size = -1; size !== asks.size; ) {
    size = asks.size
    const names = new Set([...asks].map(({ name }) => name))
    for (const one of definitions)
      if (sends(one, (step) => step.type === 'child' && names.has(step.child.definition))) asks.add(one)
  }
  return definitions.filter((one) => asks.has(one))
}

function commandsOf(step: StepDefinition): readonly string[] {
  return isSending(step) ? [step.forward, step.undo].flatMap((planned) => planned?.command.participant ?? []) : []
}

function sends(plan: Plan, holds: (step: StepDefinition) => boolean): boolean {
  return sum(plan, (step) => (holds(step) ? 1 : 0)) > 0
}

function sum(plan: Plan, of: (step: StepDefinition) => number): number {
  return plan.steps.reduce((all, step) => all + of(step) + insideOf(step, of), 0)
}

function insideOf(step: StepDefinition, of: (step: StepDefinition) => number): number {
  if (!isBlock(step)) return 0
  const times = step.type === 'repeat' ? step.roundsMax : 1
  return times * plansInside(step).reduce((all, inside) => all + sum(inside.plan, of), 0)
}

/** How long a command can take with all of its attempts; `Infinity` when one may take for ever. */
export function commandMs({ retry, timeoutMs, totalMs }: PlannedCommand): number {
  if (totalMs !== undefined) return totalMs
  if (timeoutMs === null) return Number.POSITIVE_INFINITY
  return Math.max(...policiesOf(retry).map((policy) => attemptsMs(policy, timeoutMs)))
}

function attemptsMs(
  { attempts, maxDelayMs, maxAgeMs = Number.POSITIVE_INFINITY }: RetryPolicy,
  timeoutMs: number,
): number {
  return Math.min(maxAgeMs, (attempts - 1) * (timeoutMs + maxDelayMs)) + timeoutMs
}

/** The policy for every code that it has a rule for, and for all others. */
function policiesOf(policy: RetryPolicy): readonly RetryPolicy[] {
  const rules = policy.rules ?? []
  return [policy, ...rules.flatMap((rule) => ('fatal' in rule ? [] : { ...policy, ...rule }))]
}
