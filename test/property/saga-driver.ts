/** Drives one saga over `decide`, `evolve` and `effectsOf` as the owner's loop would. */
import type { EventEnvelope, ParentLink } from '../../shared/message/events.ts'
import type { Outcome } from '../../shared/message/headers.ts'
import { type Direction, type SagaId, sagaId } from '../../shared/message/ids.ts'
import type { Json } from '../../shared/message/json.ts'
import { decide } from '../../shared/saga/decide.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import { type Effect, effectsOf, type StartFork } from '../../shared/saga/effects.ts'
import { evolve } from '../../shared/saga/evolve.ts'
import { hashedOf } from '../../shared/saga/fork.ts'
import type { HeldStep } from '../../shared/saga/held.ts'
import type { Act, Admitted, Decision, InputOf, SagaInput } from '../../shared/saga/input.ts'
import { outlineOf, violations } from '../../shared/saga/invariants.ts'
import type { MigrationTarget } from '../../shared/saga/migrate.ts'
import { isLive, type SagaState, type ScopeState } from '../../shared/saga/state.ts'
import { nextDueAt } from '../../shared/saga/timers.ts'
import { HeldWatch } from './held-watch.ts'
import { must } from './must.ts'
import { EPOCH_MS } from './plans/steps.ts'

/** A command that a step has sent, to a participant or to a child saga. */
export interface Asked {
  readonly step: string
  readonly direction: Direction
  readonly attempt: number
  readonly effect: Exclude<Effect, { kind: 'answer-parent' | 'start-fork' }>
}

export interface DriverOptions {
  readonly id?: SagaId
  readonly parent?: ParentLink | undefined
  /** It is a fork: how it is started. */
  readonly fork?: StartFork
  /** Looked at after every input: all invariants on the events so far. */
  readonly checksEach?: boolean
  /** Whether a state is looked at before and after a decision, and kept with the log. */
  readonly light?: boolean
}

export class SagaDriver {
  /** The one that it runs on now. */
  definition: Definition
  readonly startedOn: Definition
  /** Those that it was moved to. */
  readonly movedTo: Definition[] = []
  readonly id: SagaId
  readonly parent: ParentLink | undefined
  readonly history: EventEnvelope[] = []
  readonly effects: Effect[] = []
  /** Every command that was sent, in order. */
  readonly asked: Asked[] = []
  /** Inputs that came as records and led to events: heard again they must lead to none. */
  readonly consumed: SagaInput[] = []
  /** How often an input was ignored or refused, by reason. */
  readonly said = new Map<string, number>()
  state: SagaState | undefined
  now = EPOCH_MS
  /** Participants that may not simply be sent to. */
  gated: ReadonlySet<string> = new Set()
  readonly #watch = new HeldWatch()
  readonly #options: DriverOptions
  readonly #effectIds = new Set<string>()
  readonly #children = new Map<string, string>()

  constructor(definition: Definition, options: DriverOptions = {}) {
    this.definition = definition
    this.startedOn = definition
    this.id = options.id ?? sagaId('s-1')
    this.parent = options.parent
    this.#options = options
  }

  /** Whether it has ended, and nothing is open after its end. */
  get ended(): boolean {
    const { state } = this
    return state?.status === 'failed' || (state !== undefined && state.parked.length === 0 && !isLive(state))
  }

  get dueAt(): number | undefined {
    return this.state && nextDueAt(this.definition, this.state)
  }

  /** Gives the core one input, and takes its events into the log. */
  give(input: SagaInput, chance = 0.5, target?: MigrationTarget): Decision {
    const known = this.state
    const before = this.#options.light ? '' : JSON.stringify(known)
    const moment = { now: this.now, chance, gated: this.gated }
    const { definition } = this
    const decision = decide({ definition, definitionHash: hashOf(definition), target, known, input, moment })
    must(this.#options.light === true || JSON.stringify(known) === before, 'decide changes no state')
    if (decision.kind !== 'events') {
      this.said.set(decision.reason, (this.said.get(decision.reason) ?? 0) + 1)
      return decision
    }
    must(decision.events.length > 0, 'a decision has events')
    if (target) {
      this.definition = target.definition
      this.movedTo.push(target.definition)
    }
    for (const event of decision.events) this.#append(event, input)
    if (decision.events[0]?.type === 'parent-refused') return decision
    if (!this.#options.light) this.#watch.check(this.state)
    if (input.kind !== 'timer' && input.kind !== 'admit' && !(input.kind === 'reply' && input.outcome === 'progress'))
      this.consumed.push(input)
    if (this.#options.checksEach) this.check()
    return decision
  }

  #append(event: EventEnvelope['event'], input: SagaInput): void {
    const seq = this.history.length + 1
    // As the log gives it back: what is folded live is what a reader folds.
    const read = this.#options.light ? event : JSON.parse(JSON.stringify(event))
    const envelope: EventEnvelope = { sagaId: this.id, seq, at: this.now, causationId: input.kind, event: read }
    this.state = evolve(this.state, { ...envelope, event })
    this.#watch.read(event, { input, gated: this.gated })
    this.history.push(envelope)
    for (const effect of effectsOf(envelope)) this.#send(effect, envelope)
  }

  #send(effect: Effect, { event }: EventEnvelope): void {
    this.effects.push(effect)
    if (event.type === 'step-requested' || event.type === 'compensation-requested') {
      if (effect.kind === 'answer-parent' || effect.kind === 'start-fork') return
      const direction = event.type === 'step-requested' ? 'forward' : 'compensate'
      const { step, attempt } = event
      this.#expectNew(`${event.sentAs ?? step}/${direction}/${attempt}`)
      const asked: Asked = { step, direction, attempt, effect }
      this.asked.push(asked)
      if ('child' in effect) this.#expectSameChild(asked, effect.child)
    } else if (effect.kind === 'answer-parent' || effect.kind === 'start-fork') this.#expectNew(effect.requestId)
  }

  #expectNew(id: string): void {
    must(!this.#effectIds.has(id), () => `S10: ${id} is sent for one event`)
    this.#effectIds.add(id)
  }

  /** What is undone is what was started last: another child is started only where the one before will not succeed. */
  #expectSameChild({ step, direction }: Asked, child: string): void {
    const known = this.#children.get(step) ?? child
    if (direction === 'compensate') must(known === child, () => `S9: ${step} started ${known}, and undoes ${child}`)
    else if (known !== child) {
      const hopeless = this.history.some(({ event }) => saysNo(event, step))
      must(hopeless, () => `S9: ${step} started ${known}, which may succeed, and starts ${child}`)
    }
    this.#children.set(step, child)
  }

  start(): Decision {
    const { fork } = this.#options
    if (fork) return this.give(startOf(fork))
    const input = { n: 1, rows: [3, 1, 2] }
    const { name: definition } = this.definition
    const start = { kind: 'start', sagaId: this.id, definition, version: undefined, input, inputHash: 'h' } as const
    return this.give({ ...start, parent: this.parent })
  }

  /** Moves it to another version; `old`: the present one is at hand when that is decided. */
  move(definition: Definition, { old, requestId }: { old: boolean; requestId: string }): Decision {
    const target = { definition, definitionHash: hashOf(definition), old: old ? this.definition : undefined }
    return this.give({ kind: 'migrate', toVersion: definition.version, ...this.act(requestId) }, 0.5, target)
  }

  /** What its participant knows a step by. */
  wireName(step: string): string {
    return this.state?.root.steps.find(({ name }) => name === step)?.sentAs ?? step
  }

  /** Answers a command. */
  answer(asked: Pick<Asked, 'step' | 'direction' | 'attempt'>, outcome: Outcome, body: Json = null): Decision {
    const { step, direction, attempt } = asked
    const reply = { kind: 'reply', sagaId: this.id, step, direction, attempt, outcome, body } as const
    return this.give({ ...reply, errorCode: undefined, retryAfterMs: undefined })
  }

  /** Fires what is due by now, and says that nothing fires early. */
  fire(chance = 0.5): Decision {
    const due = this.dueAt
    const decision = this.give({ kind: 'timer', sagaId: this.id }, chance)
    const early = due === undefined || due > this.now
    must(!early || decision.kind === 'ignored', 'S15: nothing fires early')
    must(early || decision.kind === 'events', () => `S15: what is due at ${due} fires: ${JSON.stringify(decision)}`)
    return decision
  }

  /** The clock goes on, or is put back. */
  passTime(ms: number): void {
    this.now += ms
  }

  act(requestId: string): Act {
    return { sagaId: this.id, requestId, actor: 'ann', reason: 'why not' }
  }

  /** Steps that wait for their participant, the longest first. */
  get held(): readonly HeldStep[] {
    return this.#watch.held
  }

  /** Lets steps go, as the owner does; those that are named and are not held do no harm. */
  admit(steps: readonly Admitted[]): Decision {
    const held = this.held.length
    const decision = this.give({ kind: 'admit', sagaId: this.id, steps })
    const isHeld = this.state?.paused === undefined && held > 0
    if (steps === this.held && isHeld) must(decision.kind === 'events', 'what is held can be admitted')
    return decision
  }

  /** Commands that wait for an answer. */
  open(): Asked[] {
    const found = new Set<string>()
    if (this.state && !this.ended) openIn(this.state.root, '', found)
    return this.asked.filter(({ step, direction, attempt }) => found.has(`${step}/${direction}/${attempt}`))
  }

  /** Names of the signals that are waited for. */
  waitsFor(): string[] {
    const found: string[] = []
    if (this.state && !this.ended) waitsIn(this.state.root, found)
    return found
  }

  /** What must hold of the events so far, for who knows the plan and for who does not. */
  check(): void {
    const moved = this.movedTo.map((definition) => outlineOf(definition))
    const [known] = violations(this.history, outlineOf(this.startedOn), () => moved.shift())
    must(known === undefined, () => `${known?.invariant} at ${known?.seq}: ${known?.message}`)
    const [unknown] = violations(this.history)
    must(unknown === undefined, () => `without the plan, ${unknown?.invariant} at ${unknown?.seq}: ${unknown?.message}`)
  }

  /** What must hold of the whole run. */
  checkFold(): void {
    const folded = this.history.reduce<SagaState | undefined>(evolve, undefined)
    must(
      JSON.stringify(folded) === JSON.stringify(this.state),
      'S2: the fold of the log is the live state, to the byte',
    )
    const effects = JSON.stringify(this.history.flatMap(effectsOf))
    must(effects === JSON.stringify(this.effects), 'S9: effects are a function of the log')
  }
}

/** Stands for the hash of a plan: one for each version. */
function hashOf({ version }: Definition): string {
  return `h${version}`
}

/** The start of a fork, as it comes from the topic. */
export function startOf({ kind: _, at: __, requestId: ___, fork: sagaId, ...start }: StartFork): InputOf<'start'> {
  return { kind: 'start', sagaId, ...start, inputHash: JSON.stringify(hashedOf(start)) }
}

/** Whether the event says that a child will never succeed. */
function saysNo(event: EventEnvelope['event'], step: string): boolean {
  if (event.type === 'step-failed') return event.step === step && event.error.kind === 'fatal'
  return event.type === 'step-rejected' && event.step === step
}

function openIn(scope: ScopeState, prefix: string, found: Set<string>): void {
  for (const { name, status, attempt, block } of scope.steps) {
    if (status === 'armed') found.add(`${prefix}${name}/forward/${attempt}`)
    if (status === 'undoing') found.add(`${prefix}${name}/compensate/${attempt}`)
    for (const inner of block?.scopes ?? []) openIn(inner, `${prefix}${name}[${inner.key}].`, found)
  }
}

function waitsIn(scope: ScopeState, found: string[]): void {
  for (const step of scope.steps) {
    if (step.status === 'waiting' && step.signal !== null) found.push(step.signal)
    for (const inner of step.block?.scopes ?? []) waitsIn(inner, found)
  }
}
