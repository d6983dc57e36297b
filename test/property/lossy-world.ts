/** A saga, the child sagas that it starts and their participants. What is sent between them is lost, late, repeated and out of order. */
import type { StepCommand } from '../../shared/message/command-record.ts'
import { type SagaId, sagaId } from '../../shared/message/ids.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import type { Effect } from '../../shared/saga/effects.ts'
import type { SagaInput } from '../../shared/saga/input.ts'
import { someGated } from './held-watch.ts'
import { LawfulParticipants } from './lawful-participants.ts'
import { Choices, numbersFrom } from './plans/choices.ts'
import { APPROVER } from './plans/steps.ts'
import { type DriverOptions, SagaDriver, startOf } from './saga-driver.ts'
import type { Move } from './saga-moves.ts'

type Message = { readonly command: Omit<StepCommand, 'replyTo'> } | { readonly input: SagaInput }

export interface WorldOptions extends DriverOptions {
  readonly definition: Definition
  /** What child sagas run. */
  readonly child: Definition
  /** The next version of a definition, to which sagas are moved; absent: they are not. */
  readonly next?: (definition: Definition, choices: Choices) => Definition | undefined
}

/** Numbers that one version is made of. */
const VERSION_NUMBERS = 60
/** So that runs stay short. */
const SAGAS_MAX = 12

/** Luck with which all goes well. */
export const GOOD = 99

export class LossyWorld {
  readonly main: SagaDriver
  readonly sagas = new Map<SagaId, SagaDriver>()
  readonly participants = new LawfulParticipants()
  /** Whatever was sent, and may arrive at any time, again and again. */
  readonly messages: Message[] = []
  /** What has not arrived so far. */
  readonly waiting = new Set<Message>()
  readonly #options: WorldOptions
  #now = 0

  constructor(options: WorldOptions) {
    this.#options = options
    this.main = new SagaDriver(options.definition, options)
    this.sagas.set(this.main.id, this.main)
    this.#now = this.main.now
    this.#posted(this.main, () => this.main.start())
  }

  get drivers(): readonly SagaDriver[] {
    return [...this.sagas.values()]
  }

  take(move: Move): void {
    const choices = new Choices(move)
    const what = choices.weighted([
      [20, 'deliver'],
      [6, 'fire'],
      [1, 'cancel'],
      [2, 'retry'],
      [2, 'signal'],
      [2, 'kill'],
      [1, 'pause'],
      [2, 'resume'],
      [this.#options.next ? 0 : 1, 'fork'],
      [2, 'gate'],
      [6, 'admit'],
      [this.#options.next ? 4 : 0, 'move'],
    ] as const)
    const { messages } = this
    const driver = choices.percent(70) ? this.main : choices.one([this.main, ...this.drivers])
    if (what === 'deliver') {
      const back = choices.percent(30) ? choices.below(Math.max(messages.length, 1)) : choices.below(2)
      const message = messages.at(-1 - back)
      if (message) this.deliver(message, choices.below(100))
    } else if (what === 'fire') this.fire(driver)
    else if (what === 'move') this.#move(driver, choices)
    else if (what === 'gate') driver.gated = someGated(driver.definition, choices)
    else if (what === 'admit') this.admit(driver, choices.percent(50) ? driver.held : choices.some(driver.held))
    else if (what === 'signal') this.signal(driver, `s-${choices.below(1_000)}`, choices.percent(20) ? 'no' : 'yes')
    else if (what === 'fork') this.#fork(driver, choices)
    else if (what !== 'kill') this.give(driver, { kind: what, ...driver.act(`r-${choices.below(1_000)}`) })
    else if (driver !== this.main) this.give(driver, { kind: 'kill', ...driver.act('kill') })
  }

  /** One message arrives. */
  deliver(message: Message, luck = GOOD): void {
    this.waiting.delete(message)
    if ('command' in message) this.#handle(message.command, luck)
    else this.#hear(message.input)
  }

  fire(driver: SagaDriver): void {
    driver.now = this.#now = Math.max(this.#now, driver.dueAt ?? this.#now)
    this.#posted(driver, () => driver.fire())
  }

  /** There is room for these steps of the saga. */
  admit(driver: SagaDriver, steps: SagaDriver['held']): void {
    if (steps.length > 0) this.give(driver, { kind: 'admit', sagaId: driver.id, steps })
  }

  /** Answers the first wait of the saga that a signal ends. */
  signal(driver: SagaDriver, requestId: string, answer: string): void {
    const [name] = driver.waitsFor()
    if (name === undefined) return
    const from = { actor: 'ann', roles: [APPROVER] }
    this.give(driver, { kind: 'signal', sagaId: driver.id, requestId, name, payload: { answer }, ...from })
  }

  give(driver: SagaDriver, input: SagaInput): void {
    driver.now = this.#now
    this.#posted(driver, () => driver.give(input))
  }

  #move(driver: SagaDriver, choices: Choices): void {
    const act = { old: choices.percent(50), requestId: `m-${choices.below(1_000)}` }
    // A version has more to choose than one move has numbers for.
    const own = new Choices(Array.from({ length: VERSION_NUMBERS }, numbersFrom(choices.below(10_000))))
    const next = this.#options.next?.(driver.definition, own)
    driver.now = this.#now
    if (next && driver.state) this.#posted(driver, () => driver.move(next, act))
  }

  #handle(command: Omit<StepCommand, 'replyTo'>, luck: number): void {
    const { sagaId, step, direction, attempt } = command
    const outcome = this.participants.handle(command, luck)
    const body = outcome === 'success' ? { n: 1 } : { code: 'c' }
    const answer = { sagaId, step, direction, attempt, outcome, body, errorCode: undefined, retryAfterMs: undefined }
    this.#post({ input: { kind: 'reply', ...answer } })
  }

  #hear(input: SagaInput): void {
    const known = this.sagas.get(input.sagaId)
    if (known) this.give(known, input)
    else if (input.kind === 'start' && input.origin) this.give(this.#forked(input), input)
    else if (input.kind === 'start' || input.kind === 'undo') this.give(this.#child(input), input)
  }

  /** A fork is a saga like its origin, with participants and children of its own. */
  #forked({ sagaId: id, origin }: Extract<SagaInput, { kind: 'start' }>): SagaDriver {
    const definition = this.sagas.get(origin?.sagaId ?? id)?.definition ?? this.#options.definition
    const driver = new SagaDriver(definition, { checksEach: this.#options.checksEach ?? false, id })
    this.sagas.set(id, driver)
    return driver
  }

  #fork(driver: SagaDriver, choices: Choices): void {
    if (this.sagas.size >= SAGAS_MAX) return
    const { steps } = driver.definition
    const step = steps[choices.below(steps.length)]?.name ?? 'nowhere'
    const fork = sagaId(`${driver.id}.f${choices.below(2)}`)
    const input = choices.percent(20) ? { n: 2, rows: [2] } : undefined
    this.give(driver, { kind: 'fork', step, fork, input, ...driver.act(`r-${choices.below(1_000)}`) })
  }

  #child(input: Extract<SagaInput, { kind: 'start' | 'undo' }>): SagaDriver {
    const { checksEach = false, child } = this.#options
    const parent = input.kind === 'start' ? input.parent : { ...input.parent, waits: false }
    const driver = new SagaDriver(child, { checksEach, id: input.sagaId, parent })
    this.sagas.set(input.sagaId, driver)
    return driver
  }

  /** What a saga asks for while it takes something in is on its way from then on. */
  #posted(driver: SagaDriver, take: () => unknown): void {
    const before = driver.effects.length
    take()
    for (const effect of driver.effects.slice(before)) this.#post(messageOf(effect))
  }

  #post(message: Message): void {
    this.messages.push(message)
    this.waiting.add(message)
  }
}

function messageOf(effect: Effect): Message {
  switch (effect.kind) {
    case 'send':
      return { command: effect.command }
    case 'start-child': {
      const { child: sagaId, definition, version, input, parent } = effect
      return { input: { kind: 'start', sagaId, definition, version, input, inputHash: JSON.stringify(input), parent } }
    }
    case 'start-fork':
      return { input: startOf(effect) }
    case 'undo-child':
      return { input: { kind: 'undo', sagaId: effect.child, parent: effect.parent } }
    case 'cancel-child': {
      const { child: sagaId, requestId } = effect
      return { input: { kind: 'cancel', sagaId, requestId, actor: 'parent', reason: 'undone' } }
    }
    case 'answer-parent': {
      const { parent: sagaId, step, direction, attempt, outcome, body } = effect
      const answer = { sagaId, step, direction, attempt, outcome, body, errorCode: undefined, retryAfterMs: undefined }
      return { input: { kind: 'reply', ...answer } }
    }
  }
}
