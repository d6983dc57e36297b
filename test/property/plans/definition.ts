/** Generated definitions, as `planFaults` takes them: what the builder and a definition file can say, and nothing else. */
import { z } from 'zod'
import type { AttributeSpec, AttributeSpecs } from '../../../shared/saga/attributes.ts'
import { planFaults } from '../../../shared/saga/check-plan.ts'
import type { Definition, StepDefinition } from '../../../shared/saga/definition.ts'
import { surelyBefore } from '../../../shared/saga/plan-graph.ts'
import { Choices } from './choices.ts'
import { type Faults, mappingOf } from './faults.ts'
import { joinOf, nameIn, names, needsOf, stepOf } from './plan.ts'
import { childStep, commandStep, type Making } from './steps.ts'

/** Most steps of a plan, those inside its blocks counted, and most runs that come of them. */
const STEPS_MAX = 14
const RUNS_MAX = 40
const OUTERMOST = { depth: 0, times: 1 } as const

/** The definition that a list of numbers says. */
export function definitionOf(tape: readonly number[], faults: Faults): Definition {
  const choices = new Choices(tape)
  const left = {
    steps:
      1 +
      choices.weighted([
        [5, 4],
        [3, 8],
        [2, STEPS_MAX],
      ] as const),
    runs: RUNS_MAX,
  }
  const making: Making = { choices, faults, left, isChild: false }
  const deadlineMs = choices.weighted([
    [5, undefined],
    [1, 500],
    [1, 3_000],
    [1, 20_000],
  ] as const)
  const compensation = choices.percent(30) ? 'sequential' : 'parallel'
  const steps: StepDefinition[] = []
  addBefore(making, steps)
  if (steps.length === 0 || choices.percent(50)) addPivotAndMore(making, steps)
  const definition = { name: 'generated', version: 1, input: z.json(), deadlineMs, compensation } as const
  const attributes = attributesOf(choices, names(steps))
  const found = planFaults({ steps, attributes })
  if (found.length > 0) throw new Error(`the generated plan is none: ${JSON.stringify(found)}`)
  return { ...definition, attributes, steps, output: mappingOf(faults, 'output') }
}

/** What can become of an attribute that is taken from a step; its name begins with that. */
export const FINDS = ['fits', 'throws', 'misfit', 'nothing'] as const

/** Each of some steps, mostly by what it gave. */
function attributesOf(choices: Choices, steps: readonly string[]): AttributeSpecs {
  const all = choices.some(steps).map((of): [string, AttributeSpec] => {
    const how = FINDS[choices.percent(60) ? 0 : choices.below(FINDS.length)] ?? 'fits'
    return [`${how}-${of}`, { type: 'text', of, from: (context) => found(how, context[of]) }]
  })
  return Object.fromEntries(all)
}

function found(how: (typeof FINDS)[number], output: unknown): unknown {
  switch (how) {
    case 'fits':
      return foundIn(output)
    case 'throws':
      throw new Error('there is nothing to be found')
    case 'misfit':
      return 7
    case 'nothing':
      return undefined
  }
}

/** The text that a saga is found by, of what a step gave. */
export function foundIn(output: unknown): string {
  return String(JSON.stringify(output)).slice(0, 200)
}

/** The definition that child sagas run: it starts none, and can be undone until it has ended, and after. */
export function childDefinitionOf(tape: readonly number[], faults: Faults): Definition {
  const making: Making = { choices: new Choices(tape), faults, left: { steps: 4, runs: 6 }, isChild: true }
  const steps: StepDefinition[] = []
  addBefore(making, steps)
  if (steps.length === 0) steps.push(commandStep(making, { ...FIRST, name: nameIn(OUTERMOST, 0) }))
  const head = { name: 'child', version: 1, input: z.json(), deadlineMs: undefined, compensation: 'parallel' } as const
  return { ...head, steps, output: mappingOf(faults, 'output') }
}

const FIRST = { kind: 'compensatable', after: [], needs: 0, when: undefined } as const

function addBefore(making: Making, steps: StepDefinition[]): void {
  const { choices, left } = making
  const count = choices.weighted([
    [3, 2],
    [3, 1],
    [3, 3],
    [2, 4],
    [2, 5],
    [1, 0],
  ] as const)
  const place = { ...OUTERMOST, kind: 'compensatable' } as const
  for (let i = 0; i < count && left.steps > 0; i++)
    steps.push(stepOf(making, place, { ...joinOf(choices, names(steps)), name: nameIn(place, i) }))
}

/** The pivot waits for all that may be undone; what comes after it waits for it. */
function addPivotAndMore(making: Making, steps: StepDefinition[]): void {
  const { choices, left } = making
  const after = choices.percent(50) ? ends(steps) : names(steps)
  const placed = {
    name: nameIn(OUTERMOST, steps.length),
    kind: 'pivot',
    after,
    needs: after.length,
    when: undefined,
  } as const
  steps.push((choices.percent(15) ? childStep : commandStep)(making, placed))
  const place = { ...OUTERMOST, kind: 'retriable' } as const
  const count = choices.below(4)
  const past = [placed.name]
  for (let i = 0; i < count && left.steps > 0; i++) {
    const some = choices.some(past)
    const after = some.length > 0 ? some : [placed.name]
    const name = nameIn(place, steps.length)
    steps.push(stepOf(making, place, { name, after, needs: needsOf(choices, after.length) }))
    past.push(name)
  }
}

/** Steps that no other surely waits for. */
function ends(steps: readonly StepDefinition[]): string[] {
  const before = surelyBefore(steps)
  return names(steps).filter((name) => !names(steps).some((other) => before.get(other)?.has(name)))
}
