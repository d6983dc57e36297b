/** The definitions of a seed, generated: of all kinds of steps, with few participants, so that each has much to do. */
import { z } from 'zod'
import type { Command } from '../../../shared/saga/contract.ts'
import {
  type Definition,
  Definitions,
  type PlannedCommand,
  type StepDefinition,
} from '../../../shared/saga/definition.ts'
import { isBlock } from '../../../shared/saga/plan-tree.ts'
import { Choices } from '../../property/plans/choices.ts'
import { childDefinitionOf, definitionOf } from '../../property/plans/definition.ts'
import { Faults } from '../../property/plans/faults.ts'
import { nextVersion } from '../../property/plans/next-version.ts'
import type { Options } from './options.ts'
import { streamOf } from './streams.ts'

export const PARTICIPANTS = ['even', 'odd'] as const
const LUCK = 20

export interface Plans {
  readonly main: Definition
  /** The version after it, where there is one. */
  readonly next: Definition | undefined
  readonly sleepers: Definition
  /** What an old process knows. */
  readonly first: Definitions
  /** What a process knows from when the next version has come. */
  readonly all: Definitions
  /** What goes wrong inside their own code. */
  readonly faults: Faults
}

export function plansOf(options: Options): Plans {
  const { seed, rates, plan } = options
  const luck = streamOf(seed, 'mappings')
  const faults = new Faults(luck.perMille(rates.mapping) ? luck.numbers(LUCK) : [])
  const tape = streamOf(seed, 'plan').numbers(plan)
  const main = shared(definitionOf(tape, faults))
  const child = shared(childDefinitionOf(streamOf(seed, 'child').numbers(Math.ceil(plan / 4)), faults))
  const newer = options.nextVersion
    ? nextVersion(main, new Choices(streamOf(seed, 'next').numbers(plan)), faults)
    : undefined
  const next = newer && shared(newer)
  const old = [main, child, SLEEPERS]
  return {
    ...{ main, next, sleepers: SLEEPERS, faults },
    first: new Definitions(old),
    all: new Definitions(next ? [...old, next] : old),
  }
}

/** When sleepers wake, after the start of time. */
const WAKE_MS = 30_000

/** Sleeps until a time that is the same for all. */
const SLEEPERS: Definition = {
  name: 'sleepers',
  version: 1,
  input: z.json(),
  deadlineMs: undefined,
  compensation: 'parallel',
  steps: [
    {
      name: 'nap',
      type: 'sleep',
      kind: 'compensatable',
      after: [],
      needs: 0,
      when: undefined,
      until: () => 1_700_000_000_000 + WAKE_MS,
    },
  ],
  output: () => ({}),
}

/** All commands of a definition, by the participant that carries them out. */
export function commandsOf(definitions: Definitions): Map<string, Map<string, Command<unknown, unknown>>> {
  const found = new Map<string, Map<string, Command<unknown, unknown>>>()
  const add = (command: Command<unknown, unknown>) => {
    const own = found.get(command.participant) ?? new Map()
    own.set(command.name, command)
    found.set(command.participant, own)
  }
  const look = (steps: readonly StepDefinition[]): void => {
    for (const step of steps) {
      if (isBlock(step)) for (const { steps: inner } of insideOf(step)) look(inner)
      else if (step.type === 'command')
        for (const planned of [step.forward, step.undo]) if (planned) add(planned.command)
    }
  }
  for (const { steps } of definitions.all) look(steps)
  return found
}

function insideOf(step: Extract<StepDefinition, { type: 'parallel' | 'choose' | 'attempt' | 'each' | 'repeat' }>) {
  return 'branches' in step ? step.branches.map(({ plan }) => plan) : [step.body]
}

/** With the same participant for a step and its undo: one inbox knows of both. */
function shared(definition: Definition): Definition {
  return { ...definition, steps: definition.steps.map(sharedStep) }
}

function sharedStep(step: StepDefinition): StepDefinition {
  if (step.type === 'command')
    return { ...step, forward: sharedCommand(step.forward), undo: step.undo && sharedCommand(step.undo) }
  if (!isBlock(step)) return step
  if ('branches' in step) {
    const branches = step.branches.map((branch) => ({
      ...branch,
      plan: { ...branch.plan, steps: branch.plan.steps.map(sharedStep) },
    }))
    return { ...step, branches }
  }
  return { ...step, body: { ...step.body, steps: step.body.steps.map(sharedStep) } }
}

/** Participants here keep to deadlines: one of no time at all would never be met. */
const TIME_MS_MIN = 250

function sharedCommand(planned: PlannedCommand): PlannedCommand {
  const { name } = planned.command
  const participant = PARTICIPANTS[Number(name.match(/\d+$/)?.[0] ?? 0) % 2] ?? PARTICIPANTS[0]
  const { timeoutMs, totalMs } = planned
  const times = {
    timeoutMs: timeoutMs === null ? null : Math.max(timeoutMs, TIME_MS_MIN),
    ...(totalMs !== undefined && { totalMs: Math.max(totalMs, TIME_MS_MIN) }),
  }
  return { ...planned, ...times, command: { ...planned.command, participant, type: `${participant}.${name}.v1` } }
}
