/** A saga's start: the first one, and whatever comes under an id that is known. */
import type { Attributes, SagaEvent } from '../message/events.ts'
import { frozenJson } from '../message/json.ts'
import { PRIORITY } from '../message/priority.ts'
import { attributesOf, type TakenAttributes } from './attributes.ts'
import { misfit } from './check.ts'
import { isChildOf, refuseParent, voidStart } from './children.ts'
import type { Definition } from './definition.ts'
import { givenFaults } from './fork.ts'
import { type Decision, events, type InputOf, ignored, type Moment, type RefusedReason, refused } from './input.ts'
import { pivotOf } from './pivot.ts'
import type { EndedSaga, SagaState } from './state.ts'
import { Story } from './story.ts'
import { unfolded } from './unfold.ts'

type StartedEvent = Extract<SagaEvent, { type: 'saga-started' }>

/** What a start is decided on. */
export interface Starting {
  readonly definition: Definition | undefined
  readonly definitionHash?: string | undefined
  readonly input: InputOf<'start'>
  readonly moment: Moment
}

/** The first under its id. */
export function start({ definition, definitionHash, input, moment }: Starting): Decision {
  if (!definition)
    return unusable(input, 'unknown-definition', `no definition ${input.definition} ${input.version ?? ''}`.trim())
  const why = misfit(definition.input, input.input)
  if (why !== undefined) return unusable(input, 'invalid-input', why)
  const found = foundAt(definition, input)
  const started = {
    type: 'saga-started',
    definition: definition.name,
    version: definition.version,
    input: input.input,
    inputHash: input.inputHash,
    deadlineAt: definition.deadlineMs === undefined ? null : moment.now + definition.deadlineMs,
    ...(definitionHash !== undefined && { definitionHash, pivot: pivotOf(definition) }),
    ...(Object.keys(found.values).length > 0 && { attributes: found.values }),
    ...rankOf(definition, input),
  } as const
  const { parent, origin, given = [] } = input
  const faults = givenFaults(definition, given)
  if (faults.length > 0) return unusable(input, 'invalid-given', faults.join('; '))
  const event = { ...started, ...(parent && { parent }), ...(origin && { origin, given }) }
  const story = Story.begin(definition, moment, { id: input.sagaId, event })
  story.missed.push(...found.missed)
  story.look('scope', '')
  return unfolded(story, events())
}

/** A child saga has its parent's, and a fork its origin's. */
function rankOf({ priority: own }: Definition, input: InputOf<'start'>): Pick<StartedEvent, 'priority'> {
  const priority = input.priority ?? (input.parent || input.origin ? PRIORITY : own)
  return priority === undefined || priority === PRIORITY ? {} : { priority }
}

/** What it can be found by from the first: of its input, and of what a fork is given. */
function foundAt({ attributes: specs = {} }: Definition, { input, given = [] }: InputOf<'start'>): TakenAttributes {
  const outputs = given.flatMap(({ step, output }) =>
    output === undefined ? [] : [[step, frozenJson(output)] as const],
  )
  const seen = { input: frozenJson(input), ...Object.fromEntries(outputs) }
  const all = [undefined, ...outputs.map(([step]) => step)].map((step) => attributesOf(specs, seen, step))
  const values = Object.assign({}, ...all.map((one) => one.values)) as Attributes
  return { values, missed: all.flatMap(({ missed }) => missed) }
}

/** A start that cannot be used is refused; of a child its parent is told, who waits for it. */
function unusable({ parent }: InputOf<'start'>, code: RefusedReason, message: string): Decision {
  return parent ? voidStart(parent, { code, message }) : refused(code, message)
}

/** Same id and same payload: the same saga. Same id and other payload: refused (S21). */
export function startAgain(known: SagaState | EndedSaga, input: InputOf<'start'>): Decision {
  const { parent } = input
  if (parent?.waits && known.status !== 'ended' && !isChildOf(known, parent))
    return refuseParent(parent, `the id ${known.id} is taken by another saga`)
  if (known.inputHash === '') return refused('voided', `saga ${known.id} was undone by its parent before it started`)
  if (known.definition !== input.definition)
    return refused('start-conflict', `saga ${known.id} is of ${known.definition}`)
  if (known.inputHash === input.inputHash) return ignored('duplicate-start')
  return refused('start-conflict', `saga ${known.id} was started with another input`)
}
