/** `decide(definition, state, input, moment)`: the total table of status x input. Pure: no clock, no chance, no I/O. */

import { cancel, kill, resolve, retryParked, signalReceived, signalRefusal, takeSignal } from './acts.ts'
import { misfit } from './check.ts'
import { undoForParent, voidForParent } from './children.ts'
import type { Definition } from './definition.ts'
import { type Decision, events, type InputKind, type InputOf, ignored, type Moment, refused } from './input.ts'
import { answer } from './replies.ts'
import type { EndedSaga, SagaState, SagaStatus } from './state.ts'
import { Story } from './story.ts'
import { fire } from './timers.ts'
import { unfold } from './unfold.ts'

/** What is known of a saga: its state, that it has ended, or nothing. */
export type Known = SagaState | EndedSaga | undefined

interface Asked<Kind extends InputKind> {
  /** The definition that the saga runs on, where this process knows it. */
  readonly definition: Definition | undefined
  readonly state: SagaState
  readonly input: InputOf<Kind>
  readonly moment: Moment
}

type Rule<Kind extends InputKind> = (asked: Asked<Kind>) => Decision
export type Row = { readonly [Kind in InputKind]: Rule<Kind> }

/** A rule that asks the definition: where this process does not know it, the input is set aside and the saga waits. */
function planned<Kind extends InputKind>(rule: (story: Story, input: InputOf<Kind>) => Decision): Rule<Kind> {
  return ({ definition, state, input, moment }) => {
    if (!definition)
      return refused('unknown-definition', `${state.definition} version ${state.version} is not known here`)
    const story = new Story(definition, moment, state)
    return unfolded(story, rule(story, input))
  }
}

/** What a rule has decided, with all that follows from it. */
function unfolded(story: Story, decision: Decision): Decision {
  if (decision.kind !== 'events') return decision
  unfold(story)
  return story.events.length > 0 ? events(...story.events) : ignored('nothing-due')
}

const signal: Rule<'signal'> = (asked) => {
  const { definition, state, input } = asked
  const refusal = signalRefusal(state, input, definition)
  if (refusal) return refusal
  return definition ? planned(takeSignal)(asked) : events(signalReceived(input))
}

const killed: Rule<'kill'> = planned(kill)
const startedAgain: Rule<'start'> = ({ state, input }) => startAgain(state, input)
const notStuck: Rule<'retry'> = () => ignored('not-stuck')
const ended = (): Decision => ignored('saga-ended')

/** On its way, forward or back. What an input means is asked of the scope that it is about. */
const live: Row = {
  start: startedAgain,
  reply: planned(answer),
  timer: planned(fire),
  signal,
  cancel: planned(cancel),
  retry: notStuck,
  kill: killed,
  resolve: planned(resolve),
  undo: planned(undoForParent),
}

/** Ended, and remembered whole: a step may still succeed late, and a parent may still want it undone. */
const over: Row = {
  start: startedAgain,
  reply: planned(answer),
  timer: planned(fire),
  signal: ended,
  cancel: ended,
  retry: ended,
  kill: ended,
  resolve: ended,
  undo: planned(undoForParent),
}

/** Killed: nothing moves it any more. */
const dead: Row = { ...over, reply: ended, timer: ended, undo: ended }

/** Every status has a rule for every input: the compiler refuses a hole. */
export const TABLE: { readonly [Status in SagaStatus]: Row } = {
  running: live,
  compensating: live,
  stuck: { ...live, retry: planned(retryParked) },
  completed: over,
  compensated: over,
  failed: dead,
}

export interface Question<Kind extends InputKind = InputKind> {
  /** The definition that the saga runs on, or that its start names. */
  readonly definition: Definition | undefined
  readonly known: Known
  readonly input: InputOf<Kind>
  readonly moment: Moment
}

/** Decides one input. Never throws for what an input, a definition's mapping or a participant can do wrong. */
export function decide({ definition, known, input, moment }: Question): Decision {
  if (!known) return first(definition, input, moment)
  if (known.status === 'ended') return input.kind === 'start' ? startAgain(known, input) : ignored('saga-ended')
  const rule = TABLE[known.status][input.kind] as Rule<InputKind>
  return rule({ definition, state: known, input, moment })
}

function first(definition: Definition | undefined, input: InputOf<InputKind>, moment: Moment): Decision {
  if (input.kind === 'start') return start(definition, input, moment)
  if (input.kind === 'undo') return voidForParent(input)
  return refused('unknown-saga', `no saga ${input.sagaId}`)
}

function start(definition: Definition | undefined, input: InputOf<'start'>, moment: Moment): Decision {
  if (!definition)
    return refused('unknown-definition', `no definition ${input.definition} ${input.version ?? ''}`.trim())
  const why = misfit(definition.input, input.input)
  if (why !== undefined) return refused('invalid-input', why)
  const started = {
    type: 'saga-started',
    definition: definition.name,
    version: definition.version,
    input: input.input,
    inputHash: input.inputHash,
    deadlineAt: definition.deadlineMs === undefined ? null : moment.now + definition.deadlineMs,
  } as const
  const event = input.parent ? { ...started, parent: input.parent } : started
  const story = Story.begin(definition, moment, { id: input.sagaId, event })
  story.look('scope', '')
  return unfolded(story, events())
}

/** Same id and same payload: the same saga. Same id and other payload: refused (S21). */
function startAgain(known: SagaState | EndedSaga, input: InputOf<'start'>): Decision {
  if (known.inputHash === '') return refused('voided', `saga ${known.id} was undone by its parent before it started`)
  if (known.definition !== input.definition)
    return refused('start-conflict', `saga ${known.id} is of ${known.definition}`)
  if (known.inputHash === input.inputHash) return ignored('duplicate-start')
  return refused('start-conflict', `saga ${known.id} was started with another input`)
}
