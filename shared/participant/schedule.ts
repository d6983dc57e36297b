/**
 * Which commands of a partition run when.
 *
 *     behind --first in its lanes--> ready --slot--> at work --answered--> gone
 *                                                      ^  └--trouble that may pass--> waiting for it to pass
 *                                                      └------------------------------------┘
 *
 * A command stands in the lane of its saga and, where the participant names keys, in that of its key: those that share
 * a lane run one after another, in the order of the log, and all others side by side. Where a handler takes many, those
 * that are ready are gathered. Slots are shared by all partitions; one piece of work of each waits for a slot at a time, so
 * that they take turns. From `closing` on nothing more begins, and what has not begun is left for the next member.
 */
import type { ReplyContent } from '../message/command-record.ts'
import { assert } from '../message/errors.ts'
import { Gatherer } from './gatherer.ts'
import { HANDLER_ERROR } from './handler-answer.ts'
import type { CommandInfo } from './handlers.ts'
import { Lanes } from './lanes.ts'
import type { Operation } from './operations.ts'
import type { Performed, Performer } from './performer.ts'
import type { ReceivedCommand } from './received-command.ts'
import type { Slots } from './slots.ts'
import { type RetryPorts, untilDone } from './until-done.ts'

/** Names the lane of a command, besides that of its saga. */
export type KeyOf<Input = unknown> = (input: Input, command: CommandInfo) => string

export interface SchedulePorts<Tx> extends RetryPorts {
  readonly performer: Performer<Tx>
  readonly slots: Slots
  /** Without one, a saga's commands alone are kept in order. */
  readonly keyOf: KeyOf | undefined
}

export interface ScheduleSignals {
  /** Fires when no new work may be begun. */
  readonly closing: AbortSignal
  /** Fires when work under way should end, too. */
  readonly aborting: AbortSignal
}

/** What runs in a slot: a command, or those that were gathered by then. */
interface Job<Tx> {
  readonly take: () => readonly ReceivedCommand<Tx>[]
  readonly ended: () => void
}

export class Schedule<Tx> {
  readonly #ports: SchedulePorts<Tx>
  readonly #signals: ScheduleSignals
  readonly #answered: (command: ReceivedCommand<Tx>, content: ReplyContent) => void
  readonly #lanes = new Lanes<ReceivedCommand<Tx>>()
  readonly #gatherers = new Map<Operation<Tx>, Gatherer<ReceivedCommand<Tx>>>()
  readonly #jobs: Job<Tx>[] = []
  /** Those that have not begun, in the order of the log. */
  readonly #waiting = new Set<ReceivedCommand<Tx>>()
  readonly #running = new Set<Promise<void>>()
  #isServing = false

  /** `answered` is told each command's answer, once; of a saga, and of a key, in order. */
  constructor(
    ports: SchedulePorts<Tx>,
    signals: ScheduleSignals,
    answered: (command: ReceivedCommand<Tx>, content: ReplyContent) => void,
  ) {
    this.#ports = ports
    this.#signals = signals
    this.#answered = answered
    signals.closing.addEventListener('abort', () => this.#closed(), { once: true })
  }

  /** How many have not begun, and the oldest of them. */
  get waiting(): { readonly size: number; readonly oldest: ReceivedCommand<Tx> | undefined } {
    const [oldest] = this.#waiting
    return { size: this.#waiting.size, oldest }
  }

  add(command: ReceivedCommand<Tx>): void {
    const lanes = this.#lanesOf(command)
    if (!lanes) {
      this.#answered(command, HANDLER_ERROR)
      return
    }
    this.#waiting.add(command)
    if (this.#lanes.add(command, lanes)) this.#ready(command)
  }

  /** Settles, once the partition is closing, when nothing is at work any more. */
  async ended(): Promise<void> {
    await Promise.all(this.#running)
  }

  /** Undefined when the participant's own function failed: a mistake that its commands must not wait for. */
  #lanesOf({ info, input }: ReceivedCommand<Tx>): readonly string[] | undefined {
    const lanes = [`saga/${info.sagaId}`]
    try {
      const key = this.#ports.keyOf?.(input, info)
      return key === undefined ? lanes : [...lanes, `key/${key}`]
    } catch (error) {
      this.#ports.log.error('a command has no key', { command: info.id, type: info.type, error })
      return undefined
    }
  }

  #ready(command: ReceivedCommand<Tx>): void {
    if (this.#signals.closing.aborted) return
    if (command.operation.gather) this.#gathererOf(command.operation).add(command)
    else this.#push({ take: () => [command], ended: () => {} })
  }

  #gathererOf(operation: Operation<Tx>): Gatherer<ReceivedCommand<Tx>> {
    const known = this.#gatherers.get(operation)
    if (known) return known
    assert(operation.gather !== undefined, 'only what takes many is gathered')
    const gatherer = new Gatherer<ReceivedCommand<Tx>>(operation.gather, {
      clock: this.#ports.clock,
      call: () => this.#push({ take: () => gatherer.take(), ended: () => gatherer.ended() }),
    })
    this.#gatherers.set(operation, gatherer)
    return gatherer
  }

  #push(job: Job<Tx>): void {
    this.#jobs.push(job)
    if (!this.#isServing) void this.#serve()
  }

  async #serve(): Promise<void> {
    this.#isServing = true
    while (this.#jobs.length > 0 && (await this.#ports.slots.take(this.#signals.closing))) {
      const job = this.#jobs.shift()
      if (job) this.#begin(job)
      else this.#ports.slots.leave()
    }
    this.#isServing = false
  }

  #begin(job: Job<Tx>): void {
    const run = this.#run(job).finally(() => this.#running.delete(run))
    this.#running.add(run)
  }

  async #run(job: Job<Tx>): Promise<void> {
    const commands = job.take()
    for (const command of commands) this.#waiting.delete(command)
    const performed = await this.#perform(commands)
    for (const command of commands) {
      const content = performed?.get(command)
      if (!content) continue
      this.#answered(command, content)
      for (const next of this.#lanes.done(command)) this.#ready(next)
    }
    job.ended()
  }

  /** Comes with a slot; while trouble is waited out it is others'. Those that have no answer when the partition closes are left out. */
  async #perform(commands: readonly ReceivedCommand<Tx>[]): Promise<Performed | undefined> {
    const { performer, slots } = this.#ports
    const { closing, aborting } = this.#signals
    let hasSlot = true
    const perform = async () => {
      hasSlot ||= await slots.take(closing)
      if (!hasSlot) return undefined
      try {
        return await performer.perform(commands, aborting)
      } finally {
        slots.leave()
        hasSlot = false
      }
    }
    return untilDone('carrying commands out', perform, { ports: this.#ports, giveUp: closing })
  }

  #closed(): void {
    this.#jobs.length = 0
    this.#waiting.clear()
    for (const gatherer of this.#gatherers.values()) gatherer.close()
  }
}
