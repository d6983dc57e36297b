/** Many generated runs, each from a seed of its own; one that fails is made as small as it can be, and told as a story. */
import type { EventEnvelope } from '../../shared/message/events.ts'
import type { Definition, Plan, StepDefinition } from '../../shared/saga/definition.ts'
import { isBlock, plansInside } from '../../shared/saga/plan-tree.ts'
import { numbersFrom } from './plans/choices.ts'
import { runs } from './property-runs.ts'
import { MOVE_NUMBERS, type Move } from './saga-moves.ts'
import { shrunk } from './shrink.ts'

/** All that one run is made of. */
export interface Run {
  readonly plan: readonly number[]
  readonly luck: readonly number[]
  readonly moves: readonly Move[]
}

/** One run of a property. `checksEach`: all invariants after every input, so that the first breach is the one that is told. */
export type Play = (run: Run, options: { readonly checksEach: boolean }) => void

/** What a failed run was about, so that it can be told. */
export class Failed extends Error {
  readonly definition: Definition
  readonly history: readonly EventEnvelope[]

  constructor(cause: unknown, definition: Definition, history: readonly EventEnvelope[]) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.definition = definition
    this.history = history
  }
}

const PLAN_NUMBERS = 400
const MOVES_MAX = 70

export function runOf(seed: number): Run {
  const next = numbersFrom(seed)
  const many = (count: number) => Array.from({ length: count }, next)
  const lucky = next() % 3 > 0
  const moves = Array.from({ length: next() % MOVES_MAX }, () => many(MOVE_NUMBERS))
  return { plan: many(PLAN_NUMBERS), luck: lucky ? [] : many(1 + (next() % 30)), moves }
}

/** How long the runs of a file may take, a million of them too. */
export const RUNS_MS_MAX = 3 * 3_600_000

/** Prime, so that each seed given makes runs of its own. */
const SEED_STEP = 7_919

/**
 * Plays as many runs as are asked for, and prints how fast. Seeds change from day to day; a failing one is in the message.
 * @throws Error with the smallest run found that fails in the same way
 */
export function manyRuns(what: string, usual: number, play: Play): void {
  const count = runs(usual)
  const first = Number(process.env.KASAGA_PROPERTY_SEED ?? Math.floor(Date.now() / 1_000))
  const began = performance.now()
  for (let i = 0; i < count; i++) {
    const seed = (first + i * SEED_STEP) >>> 0
    const failed = failureOf(play, runOf(seed), false)
    if (failed) throw new Error(report(play, seed, failed))
  }
  const seconds = (performance.now() - began) / 1_000
  const rate = Math.round(count / seconds)
  console.log(`${what}: ${count} runs in ${seconds.toFixed(1)} s, ${rate} runs per second, from seed ${first}`)
}

export function failureOf(play: Play, run: Run, checksEach: boolean): unknown {
  try {
    play(run, { checksEach })
    return undefined
  } catch (error) {
    return error
  }
}

/** What a failure is about: failures of one kind are taken for the same while a run is made smaller. */
export function kindOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return (
    /^(without the plan, )?[SL]\d+( at \d+: [a-z-]+)?/.exec(message)?.[0].replace(/at \d+/, '') ?? message.slice(0, 24)
  )
}

export function report(play: Play, seed: number, first: unknown): string {
  const run = runOf(seed)
  const each = failureOf(play, run, true) ?? first
  const kind = kindOf(each)
  const small = shrunk(run, (smaller) => kindOf(failureOf(play, smaller, true) ?? '') === kind)
  const error = failureOf(play, small, true) ?? each
  const told = error instanceof Failed ? storyOf(error) : ''
  const again = `KASAGA_PROPERTY_SEED=${seed} KASAGA_PROPERTY_RUNS=1 plays it again`
  const message = error instanceof Error ? `${error.message}\n${causeOf(error)}` : String(error)
  return `${message}\n${again}\n\n${told}\n\nrun ${JSON.stringify(small)}`
}

function causeOf({ cause }: Error): string {
  const lines = cause instanceof Error ? (cause.stack ?? '').split('\n') : []
  return lines
    .filter((line) => line.includes('/saga/'))
    .slice(0, 6)
    .join('\n')
}

function storyOf({ definition, history }: Failed): string {
  const events = history.map(({ seq, at, causationId, event }) => {
    const { type, ...rest } = event
    const { payload, commandType, definition: _, version, participant, ...said } = rest as Record<string, unknown>
    return `${seq} at ${at} [${causationId}] ${type} ${JSON.stringify(said)}`
  })
  return `${definition.compensation} compensation, deadline ${definition.deadlineMs}\n${planInWords(definition, '  ')}\n\n${events.join('\n')}`
}

/** A plan as indented lines. */
export function planInWords({ steps }: Plan, indent = ''): string {
  return steps.map((step) => stepInWords(step, indent)).join('\n')
}

function stepInWords(step: StepDefinition, indent: string): string {
  const { name, type, kind, after, needs, when, ...rest } = step
  const own = Object.entries(rest).flatMap(([key, value]) => {
    if (value === undefined || key === 'branches' || key === 'body') return []
    if (typeof value === 'function') return [key]
    if (key === 'forward' || key === 'undo') return [`${key} ${plannedInWords(value)}`]
    if (key === 'signal') return [`signal ${(value as { name: string }).name}`]
    return [`${key} ${JSON.stringify(value)}`]
  })
  const line = `${indent}${name}: ${kind} ${type}, after [${after}] needs ${needs}${when ? ', when' : ''}; ${own.join(', ')}`
  if (!isBlock(step)) return line
  const inner = plansInside(step).map(
    ({ name, plan }) => `${indent}  ${name || '*'}\n${planInWords(plan, `${indent}    `)}`,
  )
  return [line, ...inner].join('\n')
}

function plannedInWords(planned: unknown): string {
  const { command: _command, map: _map, ...limits } = planned as Record<string, unknown>
  return JSON.stringify(limits)
}
