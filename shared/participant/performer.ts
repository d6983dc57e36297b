/**
 * Carries commands out, each at most once by its inbox key (S8).
 *
 * What comes together is one transaction, or, where something in it failed, as few as can be:
 *
 *     all answered ------------------------------------> kept
 *     some answered with a failure ---> undone, and again without those
 *     the handler threw --------------> undone, and again in halves, down to the command that it is about
 *     trouble that may pass ----------> undone, and thrown
 *
 * Nothing is remembered here between calls. What was kept before trouble was thrown answers from the inbox.
 */
import type { ReplyContent } from '../message/command-record.ts'
import { assert, messageOf, OperationalError } from '../message/errors.ts'
import type { IdempotencyKey } from '../message/ids.ts'
import type { Inbox } from '../ports/inbox.ts'
import type { Metrics } from '../ports/telemetry.ts'
import type { Rejected } from './answer.ts'
import { HandlerFault, ThrownRefusal } from './handler-answer.ts'
import { type HandlerRunPorts, HandlerRuns } from './handler-run.ts'
import { errorContent, type InboxEntries, verdictOf } from './inbox-verdict.ts'
import type { ReceivedCommand } from './received-command.ts'
import { Turn } from './turn.ts'

export interface PerformerPorts<Tx> extends HandlerRunPorts {
  readonly inbox: Inbox<Tx>
  readonly metrics: Metrics
}

/** A command's reply, not yet written. */
export type Performed = ReadonlyMap<ReceivedCommand<never>, ReplyContent>

/** Ends a transaction in which some commands failed for themselves. */
class SomeFailed extends Error {
  readonly faults: ReadonlyMap<ReceivedCommand<never>, HandlerFault>

  constructor(faults: ReadonlyMap<ReceivedCommand<never>, HandlerFault>) {
    super('some commands failed')
    this.faults = faults
  }
}

export class Performer<Tx> {
  readonly #ports: PerformerPorts<Tx>

  constructor(ports: PerformerPorts<Tx>) {
    this.#ports = ports
  }

  /**
   * Answers every command, all of different sagas; those that are not begun when the signal fires are left out. When it
   * settles, nothing of their progress is on its way any more.
   * @throws OperationalError, retriable, when the inbox is in trouble; to be tried again with the same commands.
   */
  async perform(commands: readonly ReceivedCommand<Tx>[], stopping: AbortSignal): Promise<Performed> {
    const runs = new HandlerRuns(this.#ports, stopping)
    try {
      return await this.#all(commands, runs)
    } finally {
      await runs.settled()
    }
  }

  async #all(commands: readonly ReceivedCommand<Tx>[], runs: HandlerRuns): Promise<Performed> {
    if (commands.length === 0 || runs.stopping.aborted) return new Map()
    try {
      return await this.#transact(commands, runs)
    } catch (error) {
      if (isPassing(error)) throw error
      if (error instanceof SomeFailed) return await this.#without(error.faults, commands, runs)
      const [command, ...others] = commands
      assert(command !== undefined, 'a transaction has a command')
      if (others.length === 0) return await this.#alone(command, error, runs)
      return await this.#inHalves(commands, error, runs)
    }
  }

  async #without(
    faults: ReadonlyMap<ReceivedCommand<never>, HandlerFault>,
    commands: readonly ReceivedCommand<Tx>[],
    runs: HandlerRuns,
  ): Promise<Performed> {
    const others = commands.filter((command) => !faults.has(command))
    if (others.length > 0) this.#ports.metrics.count('kasaga_participant_batches_undone_total')
    return new Map([...(await this.#failed(faults)), ...(await this.#all(others, runs))])
  }

  async #inHalves(commands: readonly ReceivedCommand<Tx>[], error: unknown, runs: HandlerRuns): Promise<Performed> {
    this.#ports.log.warn('commands were undone together and are tried again in halves', {
      commands: commands.length,
      reason: messageOf(error),
    })
    this.#ports.metrics.count('kasaga_participant_batches_undone_total')
    const half = Math.ceil(commands.length / 2)
    const first = await this.#all(commands.slice(0, half), runs)
    return new Map([...first, ...(await this.#all(commands.slice(half), runs))])
  }

  /** What is answered to a command that was alone in a transaction that was undone. */
  async #alone(command: ReceivedCommand<Tx>, error: unknown, runs: HandlerRuns): Promise<Performed> {
    if (error instanceof ThrownRefusal) {
      const content = (await this.#all([refusing(command, error.refusal)], runs)).values().next().value
      // Where the service stops in between, the command comes again.
      if (content) return new Map([[command, content]])
    }
    return await this.#failed(new Map([[command, error]]))
  }

  /**
   * What is answered to commands that failed for themselves. Another process may have carried one out at the same time:
   * then the error may be no more than that its rows are there, and what was kept is the answer.
   */
  async #failed(errors: ReadonlyMap<ReceivedCommand<never>, unknown>): Promise<Performed> {
    const { inbox, metrics } = this.#ports
    const keys = keysOf([...errors.keys()])
    const known = await inbox.transaction((scope) => scope.find(keys)).catch(nothingUnlessPassing)
    const contents = [...errors].map(([command, error]) => {
      const verdict = verdictOf(command, known, { now: 0, deadlineAt: undefined })
      if (verdict.kind !== 'answer') return [command, this.#failure(command, error)] as const
      metrics.count('kasaga_participant_unhandled_total', { type: command.info.type, reason: verdict.reason })
      return [command, verdict.content] as const
    })
    return new Map(contents)
  }

  /** @throws what is no fault of the command. */
  #failure(command: ReceivedCommand<never>, error: unknown): ReplyContent {
    const fields = { command: command.info.id, type: command.info.type, error }
    this.#ports.log.error('a command failed and its transaction was undone', fields)
    if (error instanceof HandlerFault) return error.content
    // What the store refuses for good, it refuses for this command's rows: its neighbours must not wait for it.
    if (error instanceof OperationalError)
      return errorContent('failed', { code: error.code, message: 'the store refused the transaction' })
    throw error
  }

  #transact(commands: readonly ReceivedCommand<Tx>[], runs: HandlerRuns): Promise<Performed> {
    const { inbox } = this.#ports
    return inbox.transaction(async (scope) => {
      const turn = new Turn(scope, await scope.find(keysOf(commands)), { ...this.#ports, runs })
      await turn.carryOut(commands)
      // Where nothing can be undone, what the others did is remembered rather than done again.
      if (turn.faults.size > 0 && !inbox.isVolatile) throw new SomeFailed(turn.faults)
      for (const [command, fault] of turn.faults) this.#failure(command, fault)
      await turn.keep()
      return turn.contents
    })
  }
}

/**
 * The command with a refusal that was thrown, for which the handler's own rows were undone, as its answer. It has been
 * carried out: that its deadline may have passed meanwhile makes it no other answer.
 */
function refusing<Tx>(command: ReceivedCommand<Tx>, refusal: Rejected): ReceivedCommand<Tx> {
  const operation = { ...command.operation, invoke: async () => [refusal] }
  return { ...command, operation, info: { ...command.info, deadlineAt: undefined } }
}

function keysOf(commands: readonly ReceivedCommand<never>[]): readonly IdempotencyKey[] {
  return [...new Set(commands.flatMap((command) => [command.info.idempotencyKey, command.forwardKey]))]
}

/** A store that refuses for good has said so of the commands already. */
function nothingUnlessPassing(error: unknown): InboxEntries {
  if (isPassing(error)) throw error
  return new Map()
}

function isPassing(error: unknown): boolean {
  return error instanceof OperationalError && error.retriable
}
