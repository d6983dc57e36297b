/** `decide(definition, state, input, moment)`: the total table of status x input. Pure: no clock, no chance, no I/O. */

import type { JsonLimits } from '../message/json.ts'
import { cancel, kill, pause, resume, signalRefusal, takeSignal } from './acts.ts'
import { isOver } from './backward.ts'
import { undoForParent, undoOfVoidOrKilled, voidForParent } from './children.ts'
import type { Definition } from './definition.ts'
import { fork } from './fork.ts'
import { admit } from './held.ts'
import { type Decision, events, type InputKind, type InputOf, ignored, type Moment, refused } from './input.ts'
import { type MigrationTarget, migrate as migrateTo } from './migrate.ts'
import { edit, resolve, retryParked, skip } from './parked-acts.ts'
import { answer } from './replies.ts'
import { start, startAgain } from './start.ts'
import type { EndedSaga, SagaState, SagaStatus } from './state.ts'
import { Story } from './story.ts'
import { fire } from './timers.ts'
import { unfolded } from './unfold.ts'

/** What is known of a saga: its state, that it has ended, or nothing. */
export type Known = SagaState | EndedSaga | undefined

interface Asked<Kind extends InputKind> {
  /** The definition that the saga runs on, where this process knows it. */
  readonly definition: Definition | undefined
  /** What is known here under its name and version is another plan (S23). */
  readonly changed: boolean
  /** Where the input asks to move the saga, where this process knows that version. */
  readonly target: MigrationTarget | undefined
  /** The definition of another version, where a fork is to run on one that is known here. */
  readonly forkOn: Definition | undefined
  readonly limits: JsonLimits | undefined
  readonly state: SagaState
  readonly input: InputOf<Kind>
  readonly moment: Moment
}

type Rule<Kind extends InputKind> = (asked: Asked<Kind>) => Decision

/** What an input of one kind means in one status, and the statuses that it may lead to; none: it changes nothing. */
interface Entry<Kind extends InputKind> {
  readonly rule: Rule<Kind>
  readonly to: readonly SagaStatus[]
}

type Row = { readonly [Kind in InputKind]: Entry<Kind> }

/** A rule that asks the definition: where this process does not know it, the input is set aside and the saga waits. */
function planned<Kind extends InputKind>(rule: (story: Story, input: InputOf<Kind>) => Decision): Rule<Kind> {
  return (asked) => {
    const { definition, state, input, moment } = asked
    if (!definition) return withoutPlan(asked)
    const story = new Story(definition, moment, state)
    return unfolded(story, rule(story, input))
  }
}

/** Nothing is decided by another plan than the one that the saga started on. */
function withoutPlan({ state, changed }: Pick<Asked<InputKind>, 'state' | 'changed'>): Decision {
  const named = `${state.definition} version ${state.version}`
  const legal = state.status === 'failed' || isOver(state.root) ? '' : '; legal now: kill'
  if (!changed) return refused('unknown-definition', `${named} is not known here${legal}`)
  return refused('definition-changed', `${named} is another plan here than the one that the saga started on${legal}`)
}

/** Without the plan nobody could say whether the sender may answer, nor whether the saga waits for it already. */
const signal: Rule<'signal'> = (asked) => {
  const { definition, state, input } = asked
  if (isOver(state.root)) return ignored('saga-ended')
  return (definition && signalRefusal(state, input, definition)) ?? planned(takeSignal)(asked)
}

/** A saga goes on from one of its steps as another one. It stays what it is, whatever it is at. */
const forked: Rule<'fork'> = (asked) => {
  const { state, input, forkOn, limits } = asked
  if (state.inputHash === '') return refused('voided', `saga ${state.id} was undone by its parent before it started`)
  return planned<'fork'>((story) => fork(story, input, { target: forkOn ?? versionOf(story, input), limits }))(asked)
}

function versionOf({ definition }: Story, { version }: InputOf<'fork'>): Definition | undefined {
  return version === undefined || version === definition.version ? definition : undefined
}

/** Decided on the new plan, also where the one that the saga runs on is not here: that is the way out. */
const migrate: Rule<'migrate'> = ({ state, input, moment, target }) => {
  const answer = migrateTo({ state, input, moment, target })
  return answer instanceof Story ? unfolded(answer, events()) : answer
}

const entry = <Kind extends InputKind>(rule: Rule<Kind>, ...to: readonly SagaStatus[]): Entry<Kind> => ({ rule, to })
/** An input that changes nothing in a status. */
function ignoring(...[reason]: Parameters<typeof ignored>): {
  readonly rule: () => Decision
  readonly to: readonly []
} {
  return { rule: () => ignored(reason), to: [] }
}

/** A parent's undo needs the definition, unless there is nothing that it could say. */
const undo: Rule<'undo'> = (asked) =>
  asked.state.inputHash === '' ? undoOfVoidOrKilled(asked.state, asked.input) : planned(undoForParent)(asked)

/** The same for a saga that has ended, of which nearly nothing is asked any more. */
function afterEnd<Kind extends InputKind>(rule: Rule<Kind>): Rule<Kind> {
  return (asked) => {
    const decision = rule(asked)
    return decision.kind === 'ignored' ? ignored('saga-ended') : decision
  }
}

const forkedAs = (status: SagaStatus) => entry(forked, status)
/** It stays what it is; one that would have it as its child is told. */
const startedAgain = (status: SagaStatus) => entry<'start'>(({ state, input }) => startAgain(state, input), status)
/** Also where the definition is not known: a saga that nobody can decide for can still be ended. */
const killed = entry<'kill'>(({ state, input }) => kill(state, input), 'failed')
const over = ignoring('saga-ended')
const ended: Omit<Row, 'start' | 'fork'> = {
  reply: over,
  timer: over,
  admit: over,
  signal: over,
  cancel: over,
  retry: over,
  kill: over,
  resolve: over,
  skip: over,
  pause: over,
  resume: over,
  migrate: over,
  edit: over,
  undo: over,
}

/**
 * Every status has a rule for every input: the compiler refuses a hole. What an input means is asked of the scope that it
 * is about, so the rules are the same in many rows; where they may lead is not.
 */
export const TABLE: { readonly [Status in SagaStatus]: Row } = {
  running: {
    start: startedAgain('running'),
    reply: entry(planned(answer), 'running', 'compensating', 'stuck', 'completed', 'compensated'),
    timer: entry(planned(fire), 'running', 'compensating', 'stuck', 'completed', 'compensated'),
    admit: entry(planned(admit), 'running', 'compensating', 'stuck', 'completed', 'compensated'),
    signal: entry(signal, 'running', 'compensating', 'stuck', 'completed', 'compensated'),
    cancel: entry(planned(cancel), 'running', 'compensating', 'stuck', 'compensated'),
    retry: ignoring('not-stuck'),
    kill: killed,
    resolve: entry(planned(resolve)),
    skip: entry(planned(skip), 'running', 'compensating', 'stuck', 'completed', 'compensated'),
    pause: entry(planned(pause), 'paused'),
    resume: ignoring('not-paused'),
    migrate: entry(migrate, 'running', 'compensating', 'stuck', 'completed', 'compensated'),
    edit: entry(planned(edit)),
    fork: forkedAs('running'),
    undo: entry(planned(undoForParent), 'running', 'compensating', 'stuck', 'compensated'),
  },
  compensating: {
    start: startedAgain('compensating'),
    reply: entry(planned(answer), 'compensating', 'stuck', 'compensated'),
    timer: entry(planned(fire), 'compensating', 'stuck', 'compensated'),
    admit: entry(planned(admit), 'compensating', 'stuck', 'compensated'),
    signal: entry(signal, 'compensating'),
    cancel: ignoring('already-compensating'),
    retry: ignoring('not-stuck'),
    kill: killed,
    resolve: entry(planned(resolve)),
    skip: entry(planned(skip)),
    pause: entry(planned(pause), 'paused'),
    resume: ignoring('not-paused'),
    migrate: entry(migrate, 'compensating', 'stuck', 'compensated'),
    edit: entry(planned(edit)),
    fork: forkedAs('compensating'),
    undo: entry(planned(undoForParent), 'compensating'),
  },
  /** Others go on beside what is parked. */
  stuck: {
    start: startedAgain('stuck'),
    reply: entry(planned(answer), 'stuck', 'running', 'compensating', 'completed', 'compensated'),
    timer: entry(planned(fire), 'stuck', 'compensating', 'compensated'),
    admit: entry(planned(admit), 'stuck', 'compensating', 'compensated'),
    signal: entry(signal, 'stuck', 'compensating', 'compensated'),
    cancel: entry(planned(cancel), 'stuck', 'compensating', 'compensated'),
    retry: entry(planned(retryParked), 'stuck', 'running', 'compensating', 'completed', 'compensated'),
    kill: killed,
    resolve: entry(planned(resolve), 'stuck', 'running', 'compensating', 'completed', 'compensated'),
    skip: entry(planned(skip), 'stuck', 'running', 'compensating', 'completed', 'compensated'),
    pause: entry(planned(pause), 'paused'),
    resume: ignoring('not-paused'),
    migrate: entry(migrate, 'stuck', 'running', 'compensating', 'completed', 'compensated'),
    edit: entry(planned(edit), 'stuck', 'running', 'compensating', 'completed', 'compensated'),
    fork: forkedAs('stuck'),
    undo: entry(planned(undoForParent), 'stuck', 'compensating', 'compensated'),
  },
  /** It keeps what it was at: what comes is taken, and nothing new is begun. */
  paused: {
    start: startedAgain('paused'),
    reply: entry(planned(answer), 'paused'),
    timer: entry(planned(fire), 'paused'),
    /** What it holds keeps its place, and is admitted once the saga is resumed. */
    admit: ignoring('nothing-due'),
    signal: entry(signal, 'paused'),
    cancel: entry(planned(cancel), 'paused'),
    retry: entry(planned(retryParked)),
    kill: killed,
    resolve: entry(planned(resolve), 'paused'),
    skip: entry(planned(skip), 'paused'),
    edit: entry(planned(edit)),
    fork: forkedAs('paused'),
    migrate: entry(migrate, 'paused'),
    pause: ignoring('already-paused'),
    resume: entry(planned(resume), 'running', 'compensating', 'stuck', 'completed', 'compensated'),
    undo: entry(planned(undoForParent), 'paused'),
  },
  /** Remembered whole where a step may still succeed late, or a parent may still want it undone. */
  completed: {
    ...ended,
    start: startedAgain('completed'),
    fork: forkedAs('completed'),
    reply: entry(afterEnd(planned(answer)), 'completed', 'stuck'),
    timer: entry(afterEnd(planned(fire)), 'completed', 'stuck'),
    admit: entry(afterEnd(planned(admit)), 'completed', 'stuck'),
    undo: entry(planned(undoForParent), 'completed', 'compensating', 'stuck', 'compensated'),
  },
  compensated: {
    ...ended,
    start: startedAgain('compensated'),
    fork: forkedAs('compensated'),
    reply: entry(afterEnd(planned(answer)), 'compensated', 'stuck'),
    timer: entry(afterEnd(planned(fire)), 'compensated', 'stuck'),
    admit: entry(afterEnd(planned(admit)), 'compensated', 'stuck'),
    undo: entry(undo, 'compensated'),
  },
  failed: {
    ...ended,
    start: startedAgain('failed'),
    fork: forkedAs('failed'),
    undo: entry(({ state, input }) => undoOfVoidOrKilled(state, input), 'failed'),
  },
}

export interface Question<Kind extends InputKind = InputKind> {
  /** The definition that the saga runs on, or that its start names. */
  readonly definition: Definition | undefined
  /** Hash of that definition; absent: plans are not told apart. */
  readonly definitionHash?: string | undefined
  /** The version that a `migrate` names. */
  readonly target?: MigrationTarget | undefined
  /** The definition of another version, where a fork is to run on one that is known here. */
  readonly forkOn?: Definition | undefined
  /** What the start of a fork may hold; absent: the usual. */
  readonly limits?: JsonLimits | undefined
  readonly known: Known
  readonly input: InputOf<Kind>
  readonly moment: Moment
}

/** Decides one input. Never throws for what an input, a definition's mapping or a participant can do wrong. */
export function decide(question: Question): Decision {
  const { definition, definitionHash, target, forkOn, limits, known, input, moment } = question
  if (!known) return first({ definition, definitionHash, input, moment })
  if (known.status === 'ended') return afterAll(known, input)
  const { rule } = TABLE[known.status][input.kind] as Entry<InputKind>
  const changed = isChanged(known, definitionHash)
  return rule({
    definition: changed ? undefined : definition,
    changed,
    target,
    forkOn,
    limits,
    state: known,
    input,
    moment,
  })
}

/** Of most sagas that have ended only the start is remembered: nothing of them could be given to a fork. */
function afterAll(known: EndedSaga, input: InputOf<InputKind>): Decision {
  if (input.kind === 'start') return startAgain(known, input)
  if (input.kind !== 'fork') return ignored('saga-ended')
  return refused(
    'not-now',
    `saga ${known.id} has ended, and its owner remembers no more of it: ask the gateway, which reads what it did`,
  )
}

/** Whether a plan of that hash is another one than the saga started on. A log that does not say goes on with what there is. */
export function isChanged(state: Pick<SagaState, 'definitionHash'>, hash: string | undefined): boolean {
  return hash !== undefined && state.definitionHash !== undefined && state.definitionHash !== hash
}

type FirstQuestion = Omit<Question, 'known' | 'target'>

function first({ input, ...asked }: FirstQuestion): Decision {
  if (input.kind === 'start') return start({ input, ...asked })
  if (input.kind === 'undo') return voidForParent(input)
  return refused('unknown-saga', `no saga ${input.sagaId}`)
}
