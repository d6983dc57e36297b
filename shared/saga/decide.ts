/** `decide(definition, state, input, moment)`: the total table of status x input. Pure: no clock, no chance, no I/O. */

import { cancel, retryStuck, takeSignal } from './acts.ts'
import { misfit } from './check.ts'
import { type Course, proceed } from './course.ts'
import type { Definition } from './definition.ts'
import { apply } from './evolve.ts'
import { type Decision, events, type InputKind, type InputOf, ignored, type Moment, refused } from './input.ts'
import { answerBackward, answerForward } from './replies.ts'
import type { EndedSaga, SagaState, SagaStatus } from './state.ts'
import { fireBackward, fireForward } from './timers.ts'

/** What is known of a saga: its state, that it has ended, or nothing. */
export type Known = SagaState | EndedSaga | undefined

type StateOf<Status extends SagaStatus> = Extract<SagaState, { status: Status }>
type Rule<State, Kind extends InputKind> = (course: Course | undefined, state: State, input: InputOf<Kind>) => Decision
type Row<State> = { readonly [Kind in InputKind]: Rule<State, Kind> }

/** A rule that asks the definition: where this process does not know it, the input is set aside and the saga waits. */
function planned<State extends SagaState, Input>(
  rule: (course: Course, state: State, input: Input) => Decision,
): (course: Course | undefined, state: State, input: Input) => Decision {
  return (course, state, input) =>
    course
      ? rule(course, state, input)
      : refused('unknown-definition', `${state.definition} version ${state.version} is not known here`)
}

const atEnd: Row<SagaState | EndedSaga> = {
  start: (_, state, input) => startAgain(state, input),
  reply: () => ignored('saga-ended'),
  timer: () => ignored('saga-ended'),
  signal: () => ignored('saga-ended'),
  cancel: () => ignored('saga-ended'),
  retry: () => ignored('saga-ended'),
}

/** Every status has a rule for every input: the compiler refuses a hole. */
const TABLE: { readonly [Status in SagaStatus]: Row<StateOf<Status>> } & { readonly ended: Row<EndedSaga> } = {
  running: {
    start: (_, state, input) => startAgain(state, input),
    reply: planned(answerForward),
    timer: planned(fireForward),
    signal: takeSignal,
    cancel: planned(cancel),
    retry: () => ignored('not-stuck'),
  },
  compensating: {
    start: (_, state, input) => startAgain(state, input),
    reply: planned(answerBackward),
    timer: planned(fireBackward),
    signal: takeSignal,
    cancel: () => ignored('already-compensating'),
    retry: () => ignored('not-stuck'),
  },
  stuck: {
    start: (_, state, input) => startAgain(state, input),
    reply: planned((course, state, reply) =>
      state.phase === 'running' ? answerForward(course, state, reply) : answerBackward(course, state, reply),
    ),
    timer: () => ignored('nothing-due'),
    signal: takeSignal,
    cancel: planned((course, state, act) =>
      state.phase === 'running' ? cancel(course, state, act) : ignored('already-compensating'),
    ),
    retry: planned(retryStuck),
  },
  completed: atEnd,
  compensated: atEnd,
  ended: atEnd,
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
  if (!known) {
    if (input.kind === 'start') return start(definition, input, moment)
    return refused('unknown-saga', `no saga ${input.sagaId}`)
  }
  const row = TABLE[known.status] as Row<Known>
  const rule = row[input.kind] as Rule<Known, InputKind>
  return rule(definition && { definition, moment }, known, input)
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
  const state = apply(undefined, started, input.sagaId)
  return events(started, ...proceed({ definition, moment }, state))
}

/** Same id and same payload: the same saga. Same id and other payload: refused (S21). */
function startAgain(state: SagaState | EndedSaga, input: InputOf<'start'>): Decision {
  if (state.definition !== input.definition)
    return refused('start-conflict', `saga ${state.id} is of ${state.definition}`)
  if (state.inputHash === input.inputHash) return ignored('duplicate-start')
  return refused('start-conflict', `saga ${state.id} was started with another input`)
}
