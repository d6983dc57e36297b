/** Moves of a run: what participants, people, parents, the clock and the broker do to one saga. */
import type { Outcome } from '../../shared/message/headers.ts'
import { type Direction, sagaId } from '../../shared/message/ids.ts'
import { scopeAround } from '../../shared/message/step-path.ts'
import type { SagaInput } from '../../shared/saga/input.ts'
import { sendingStepAt } from '../../shared/saga/plan-tree.ts'
import { scopeAt, stepAt } from '../../shared/saga/tree.ts'
import { someGated } from './held-watch.ts'
import { must } from './must.ts'
import { canBeUndone } from './naive-book.ts'
import { Choices } from './plans/choices.ts'
import { APPROVAL, APPROVER, SIGNAL } from './plans/steps.ts'
import type { SagaDriver } from './saga-driver.ts'

/** Numbers that one move is made of. */
export const MOVE_NUMBERS = 8
export type Move = readonly number[]

type Rule = (driver: SagaDriver, choices: Choices, chance: number) => void

const OUTCOMES = [
  [20, 'success'],
  [3, 'rejected'],
  [6, 'failed'],
  [2, 'fatal'],
  [2, 'progress'],
] as const satisfies readonly [readonly [number, Outcome], ...(readonly [number, Outcome])[]]

/** The parent of a saga that is a child. */
export const PARENT = sagaId('parent-1')

const MOVES: readonly [readonly [number, Rule], ...(readonly [number, Rule])[]] = [
  [40, (driver, choices) => answer(driver, choices, driver.open())],
  [6, (driver, choices) => answer(driver, choices, driver.asked)],
  [3, answerLate],
  [14, fireWhenDue],
  [2, fireEarly],
  [2, (driver, choices) => driver.passTime(choices.below(3_000))],
  [1, (driver, choices) => driver.passTime(-choices.below(3_000))],
  [7, signal],
  [4, (driver, choices) => void driver.give({ kind: 'retry', ...person(driver, choices) })],
  [1, (driver, choices) => void driver.give({ kind: 'cancel', ...person(driver, choices) })],
  [4, resolve],
  [2, retryOne],
  [3, skip],
  [2, edit],
  [2, fork],
  [1, pause],
  [2, (driver, choices) => void driver.give({ kind: 'resume', ...person(driver, choices) })],
  [2, undo],
  [1, kill],
  [1, startAgain],
  [1, startOther],
  [2, nonsense],
  [4, hearAgain],
  [3, gate],
  [12, admit],
]

/** Makes one move. What comes twice must have no second effect (S13); progress may: it says that work goes on. */
export function make(driver: SagaDriver, move: Move): void {
  const choices = new Choices(move)
  const rule = choices.weighted(MOVES)
  const chance = choices.below(1_000) / 1_000
  const twice = choices.percent(25)
  const before = driver.consumed.length
  rule(driver, choices, chance)
  const heard = driver.consumed.at(-1)
  if (twice && heard && driver.consumed.length > before) expectNoEffect(driver, heard)
}

function expectNoEffect(driver: SagaDriver, heard: SagaInput): void {
  must(driver.give(heard).kind !== 'events', () => `S13: ${JSON.stringify(heard)} heard again`)
}

function answer(driver: SagaDriver, choices: Choices, from: readonly SagaDriver['asked'][number][]): void {
  const asked = from.at(-1 - choices.below(Math.max(from.length, 1)))
  if (!asked) return
  const outcome = choices.weighted(OUTCOMES)
  const code = choices.percent(10) ? 'hopeless' : 'c'
  const good = outcome === 'success' || outcome === 'progress'
  driver.answer(asked, outcome, good ? { n: choices.below(9) } : { code, message: 'm', details: { code } })
}

/** A step that was refused turns out to have been done all the same: S14, its undo is due where nothing goes forward. */
function answerLate(driver: SagaDriver, choices: Choices): void {
  const { definition, state } = driver
  const refused = driver.asked.filter(({ step }) => state && stepAt(state, step)?.status === 'rejected')
  const asked = refused[choices.below(Math.max(refused.length, 1))]
  if (!asked || !state) return
  const planned = sendingStepAt(definition, asked.step)
  const isOpen = state.status === 'failed' || scopeAt(state, scopeAround(asked.step))?.phase === 'forward'
  const decision = driver.answer(asked, 'success', { n: choices.below(9) })
  const isDue = !isOpen && planned !== undefined && canBeUndone(planned)
  must(
    isDue === (decision.kind === 'events'),
    () => `S14: a late success of ${asked.step}: ${JSON.stringify(decision)}`,
  )
}

function fireWhenDue(driver: SagaDriver, _: Choices, chance: number): void {
  driver.now = Math.max(driver.now, driver.dueAt ?? driver.now)
  driver.fire(chance)
}

function fireEarly(driver: SagaDriver, _: Choices, chance: number): void {
  driver.now = Math.max(driver.now, (driver.dueAt ?? driver.now) - 1)
  driver.fire(chance)
}

function person(driver: SagaDriver, choices: Choices) {
  return driver.act(`r-${choices.below(40)}`)
}

function signal(driver: SagaDriver, choices: Choices): void {
  const waits = driver.waitsFor()
  const known = choices.percent(20) ? 'other' : choices.one([SIGNAL, APPROVAL])
  const name = choices.percent(40) ? known : (waits[0] ?? known)
  const payload = {
    answer: choices.weighted([
      [5, 'yes'],
      [2, 'no'],
      [1, 'perhaps'],
    ] as const),
  }
  const roles = choices.percent(15) ? ['clerk'] : ['clerk', APPROVER]
  driver.give({
    kind: 'signal',
    sagaId: driver.id,
    requestId: `sig-${choices.below(60)}`,
    name,
    payload,
    actor: 'ann',
    roles,
  })
}

/** A person says of a step that it is undone: of one that is parked, or of any. */
function resolve(driver: SagaDriver, choices: Choices): void {
  const parked = driver.state?.parked.flatMap(({ step }) => (step === null ? [] : [step])) ?? []
  const steps = choices.percent(20) || parked.length === 0 ? driver.asked.map(({ step }) => step) : parked
  const step = steps[choices.below(Math.max(steps.length, 1))] ?? 'nowhere'
  const as = choices.weighted([
    [6, 'undone'],
    [2, 'done'],
    [2, 'failed'],
  ] as const)
  driver.give({ kind: 'resolve', step, as, output: { n: 1 }, ...person(driver, choices) })
}

/** A step that a person may act on: mostly one that is parked. */
function someStep({ state, asked, held }: SagaDriver, choices: Choices): string {
  const parked = state?.parked.flatMap(({ step }) => (step === null ? [] : [step])) ?? []
  const others = [...asked.map(({ step }) => step), ...held.map(({ step }) => step), ...NOWHERE]
  const steps = choices.percent(70) && parked.length > 0 ? parked : others
  return steps[choices.below(steps.length)] ?? 'nowhere'
}

function retryOne(driver: SagaDriver, choices: Choices): void {
  driver.give({ kind: 'retry', step: someStep(driver, choices), ...person(driver, choices) })
}

/** A person does not wait for a step any more. */
function skip(driver: SagaDriver, choices: Choices): void {
  const output = choices.weighted([
    [3, { n: 1 }],
    [1, null],
  ] as const)
  const notDone = choices.percent(30)
  driver.give({ kind: 'skip', step: someStep(driver, choices), output, notDone, ...person(driver, choices) })
}

function pause(driver: SagaDriver, choices: Choices): void {
  driver.give({ kind: 'pause', timers: choices.percent(40) ? 'run' : 'hold', ...person(driver, choices) })
}

function edit(driver: SagaDriver, choices: Choices): void {
  const payload = choices.percent(20) ? { n: 7 } : { step: 'edited' }
  driver.give({ kind: 'edit', step: someStep(driver, choices), payload, ...person(driver, choices) })
}

/** Another saga is to go on from a step of this one, which stays as it is. */
function fork(driver: SagaDriver, choices: Choices): void {
  const { state, definition } = driver
  const own = definition.steps[choices.below(definition.steps.length)]?.name ?? 'nowhere'
  const step = choices.percent(90) ? own : choices.one(NOWHERE)
  const id = choices.percent(95) ? sagaId(`f-${choices.below(3)}`) : driver.id
  const input = choices.percent(20) ? { n: 2, rows: [2] } : undefined
  const version = choices.percent(5) ? 2 : undefined
  driver.give({ kind: 'fork', step, fork: id, input, version, ...person(driver, choices) })
  const before = { ...state, acts: [], seq: 0 }
  const after = { ...driver.state, acts: [], seq: 0 }
  must(JSON.stringify(before) === JSON.stringify(after), 'a fork changes nothing of its origin')
}

/** The parent undoes its step, or one who is no parent says so. */
function undo(driver: SagaDriver, choices: Choices): void {
  const attempt = 1 + choices.below(3)
  const step = choices.percent(15) ? 'other' : (driver.parent?.step ?? 'other')
  const decision = driver.give({ kind: 'undo', sagaId: driver.id, parent: { sagaId: PARENT, step, attempt } })
  const undone = decision.kind === 'events' && decision.events.some(({ type }) => type !== 'parent-refused')
  if (step === 'other') must(!undone, 'one who is no parent undoes nothing')
}

/** Rarely: a saga that was killed has little left to do. */
function kill(driver: SagaDriver, choices: Choices): void {
  if (choices.percent(50)) driver.give({ kind: 'kill', ...person(driver, choices) })
}

function startAgain(driver: SagaDriver): void {
  const decision = driver.start()
  must(decision.kind === 'ignored' && decision.reason === 'duplicate-start', 'S21: the same start is the same saga')
}

function startOther(driver: SagaDriver): void {
  const { name: definition } = driver.definition
  const start = { kind: 'start', sagaId: driver.id, definition, version: 1, input: 1, inputHash: 'other' } as const
  const decision = driver.give({ ...start, parent: driver.parent })
  must(decision.kind === 'refused' && decision.reason === 'start-conflict', 'S21: another start is refused')
}

const NOWHERE = [
  'nowhere',
  'a0',
  'a1[0].b0',
  'a0[way0].b1',
  'a0[9].b0',
  'a0[way0]',
  'a1.b0',
  'a0[0].b0[1].c0',
  '[',
  '',
] as const

/** Replies that no command asked for, and to steps that are not there. */
function nonsense(driver: SagaDriver, choices: Choices): void {
  const step = choices.one(NOWHERE)
  const direction = choices.one<Direction>(['compensate', 'forward'])
  const attempt = 1_000 + choices.below(9)
  const decision = driver.answer({ step, direction, attempt }, choices.weighted(OUTCOMES))
  must(decision.kind !== 'events', () => `an answer that nothing asked for changes nothing: ${step}`)
}

/** From now on other participants may not simply be sent to. */
function gate(driver: SagaDriver, choices: Choices): void {
  driver.gated = someGated(driver.definition, choices)
}

/** A person waits for a participant no more. */
function skipHeld(driver: SagaDriver, choices: Choices): void {
  const { step = 'nowhere' } = driver.held[choices.below(driver.held.length)] ?? {}
  driver.give({ kind: 'skip', step, output: { n: 1 }, notDone: choices.percent(50), ...person(driver, choices) })
}

/** Some of what is held is let go, or all; where nothing is, somebody answers. */
function admit(driver: SagaDriver, choices: Choices): void {
  const { held } = driver
  if (held.length === 0) {
    answer(driver, choices, driver.open())
    return
  }
  if (choices.percent(15)) {
    skipHeld(driver, choices)
    return
  }
  const paused = driver.state?.paused !== undefined
  const some = choices.percent(60) ? held : choices.some(held)
  const other = { step: choices.one(NOWHERE), direction: choices.one<Direction>(['forward', 'compensate']) }
  const steps = choices.percent(20) ? [...some, other, ...some] : some
  const decision = driver.give({ kind: 'admit', sagaId: driver.id, steps })
  const goes = !paused && steps.some((one) => held.includes(one as (typeof held)[number]))
  must(goes === (decision.kind === 'events'), () => `admitted ${JSON.stringify(steps)}: ${JSON.stringify(decision)}`)
}

/** A record that had its effect is delivered once more, much later. */
function hearAgain(driver: SagaDriver, choices: Choices): void {
  const heard = driver.consumed[choices.below(Math.max(driver.consumed.length, 1))]
  if (heard) expectNoEffect(driver, heard)
}
