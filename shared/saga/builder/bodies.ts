/** What each word of the chain puts into the plan, but for the plans inside blocks. */
import type { Command } from '../contract.ts'
import type { EachStep, PlannedCommand, SignalSpec } from '../definition.ts'
import { type Duration, durationMs } from '../duration.ts'
import { answerSchema } from '../plain-schema.ts'
import { type AnyMapping, mapping, type StepBody } from '../plan.ts'
import { COMPENSATION_RETRY, FORWARD_RETRY, type RetryPolicy, retryPolicy } from '../retry-policy.ts'
import type { AtDeadline, Enough, Question, StepOptions, Tolerance } from './options.ts'

const TIMEOUT_MS = 30_000

/** A command of any types: they are checked where it is written. */
export type AnyCommand = Command<never, unknown>

function planned(
  command: AnyCommand,
  map: AnyMapping,
  { options, defaults }: { options: StepOptions<never>; defaults: RetryPolicy },
): PlannedCommand {
  const { takeUp, progress, total, limitBy } = options
  return {
    command: command as Command<unknown, unknown>,
    map: mapping(map),
    retry: retryPolicy(options.retry ?? {}, defaults),
    timeoutMs: durationMs(options.timeout ?? TIMEOUT_MS),
    ...(takeUp !== undefined && { takeUpMs: durationMs(takeUp) }),
    ...(progress !== undefined && { progressMs: durationMs(progress) }),
    ...(total !== undefined && { totalMs: durationMs(total) }),
    ...(limitBy !== undefined && { limitBy: mapping(limitBy) }),
  }
}

export function undoOf(command: AnyCommand, map: AnyMapping, options: StepOptions<never>): PlannedCommand {
  return planned(command, map, { options, defaults: COMPENSATION_RETRY })
}

export function commandBody(command: AnyCommand, map: AnyMapping, options: StepOptions<never>): StepBody {
  const forward = planned(command, map, { options, defaults: FORWARD_RETRY })
  return { type: 'command', forward, undo: undefined, byHand: undefined }
}

export function sleepBody(until: Duration | AnyMapping): StepBody {
  return { type: 'sleep', until: typeof until === 'function' ? mapping(until) : durationMs(until) }
}

export interface Limit {
  readonly deadline?: Duration
  readonly atDeadline?: AtDeadline
}

function limits({ deadline, atDeadline }: Limit): { deadlineMs: number | undefined; onDeadline: AtDeadline } {
  return { deadlineMs: deadline === undefined ? undefined : durationMs(deadline), onDeadline: atDeadline ?? 'go-on' }
}

export function signalBody(signal: SignalSpec<never>, limit: Limit): StepBody {
  return { type: 'signal', signal: signal as SignalSpec, ...limits(limit), approval: undefined }
}

export type ApprovalWords = Question<string> & Limit & { readonly turnBackOn?: readonly string[] }

export function approvalBody(name: string, words: ApprovalWords): StepBody {
  const { roles, answers, turnBackOn = [], signal = name } = words
  return {
    type: 'signal',
    signal: { name: signal, payload: answerSchema(answers) },
    ...limits(words),
    approval: { roles, answers, turnBackOn },
  }
}

export function enoughOf(enough: Enough, branches: number): number {
  if (enough === 'all') return branches
  return enough === 'any' ? 1 : enough
}

export function toleratedOf(tolerate: Tolerance): EachStep['tolerated'] {
  return typeof tolerate === 'number' ? { count: tolerate } : { share: Number(tolerate.replace(/%$/, '')) / 100 }
}
