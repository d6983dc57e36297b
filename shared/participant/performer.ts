/**
 * Carries commands out, each at most once by its inbox key (S8).
 *
 * A chunk whose commands are all batched runs in one transaction, in rounds: a round holds at most one command of a
 * saga, so per-saga order holds, and each handler gets its commands of the round together. If that transaction throws,
 * and in every other chunk, commands run one to a transaction: sagas side by side, one saga in order.
 *
 * Nothing is kept here between calls but the slots. Trouble of the inbox that may pass is thrown, and the chunk can be
 * performed again: what was kept answers from the inbox.
 */
import type { ReplyContent } from '../message/command-record.ts'
import { assert, messageOf, OperationalError } from '../message/errors.ts'
import type { IdempotencyKey } from '../message/ids.ts'
import type { Clock } from '../ports/clock.ts'
import type { Inbox, InboxEntry, InboxOutcome, InboxScope } from '../ports/inbox.ts'
import type { Metrics } from '../ports/telemetry.ts'
import type { Rejected } from './answer.ts'
import { contentOf, faultOf, HandlerFault, ThrownRefusal } from './handler-answer.ts'
import { HandlerRun, type HandlerRunPorts } from './handler-run.ts'
import { DONE, errorContent, verdictOf } from './inbox-verdict.ts'
import type { Operation } from './operations.ts'
import type { ReceivedCommand } from './received-command.ts'
import { Slots } from './slots.ts'

export interface PerformerPorts<Tx> extends HandlerRunPorts {
  readonly inbox: Inbox<Tx>
  readonly metrics: Metrics
}

/** A command's reply, not yet written. */
export type Performed = ReadonlyMap<ReceivedCommand<never>, ReplyContent>

export class Performer<Tx> {
  readonly #ports: PerformerPorts<Tx>
  readonly #slots: Slots

  constructor(ports: PerformerPorts<Tx>, concurrencyMax: number) {
    this.#ports = ports
    this.#slots = new Slots(concurrencyMax)
  }

  /**
   * Answers every command; those that are not begun when the signal fires are left out.
   * @throws OperationalError, retriable, when the inbox is in trouble; to be tried again with the same commands.
   */
  async perform(commands: readonly ReceivedCommand<Tx>[], stopping: AbortSignal): Promise<Performed> {
    if (commands.length > 1 && commands.every((command) => command.operation.isBatched)) {
      const performed = await this.#together(commands, stopping)
      if (performed) return performed
    }
    return this.#inLanes(commands, stopping)
  }

  async #together(commands: readonly ReceivedCommand<Tx>[], stopping: AbortSignal): Promise<Performed | undefined> {
    try {
      return await this.#slots.use(() => this.#transact(commands, this.#runsUntil(stopping)))
    } catch (error) {
      if (isPassing(error)) throw error
      const fields = { commands: commands.length, reason: messageOf(error) }
      this.#ports.log.warn('a batch was undone and is handled one by one', fields)
      this.#ports.metrics.count('kasaga_participant_batches_undone_total')
      return undefined
    }
  }

  async #inLanes(commands: readonly ReceivedCommand<Tx>[], stopping: AbortSignal): Promise<Performed> {
    const all = new Map<ReceivedCommand<never>, ReplyContent>()
    const lanes = [...Map.groupBy(commands, (command) => command.info.sagaId).values()]
    const runs = lanes.map(async (lane) => {
      for (const command of lane) {
        const content = await this.#slots.use(async () =>
          stopping.aborted ? undefined : this.#alone(command, stopping),
        )
        if (content) all.set(command, content)
      }
    })
    const failure = (await Promise.allSettled(runs)).find((run) => run.status === 'rejected')
    if (failure) throw failure.reason
    return all
  }

  /** The command's answer; when it is given, nothing of its progress is on its way any more. */
  async #alone(command: ReceivedCommand<Tx>, stopping: AbortSignal): Promise<ReplyContent> {
    const runs = this.#runsUntil(stopping)
    try {
      return await this.#answerOf(command, runs)
    } catch (error) {
      if (error instanceof ThrownRefusal) return await this.#refuse(command, { refusal: error.refusal, runs })
      return this.#failure(command, error)
    } finally {
      await runs.settled()
    }
  }

  async #answerOf(command: ReceivedCommand<Tx>, runs: Runs): Promise<ReplyContent> {
    const content = (await this.#transact([command], runs)).get(command)
    assert(content !== undefined, 'a command that was performed has its content')
    return content
  }

  /** Keeps a refusal that was thrown, for which the handler's own rows were undone. */
  async #refuse(
    command: ReceivedCommand<Tx>,
    { refusal, runs }: { refusal: Rejected; runs: Runs },
  ): Promise<ReplyContent> {
    const refusing = { ...command, operation: { ...command.operation, invoke: async () => [refusal] } }
    try {
      return await this.#answerOf(refusing, runs)
    } catch (error) {
      return this.#failure(command, error)
    }
  }

  /** @throws what may pass, and what is no fault of the command. */
  #failure(command: ReceivedCommand<Tx>, error: unknown): ReplyContent {
    if (isPassing(error)) throw error
    const fields = { command: command.info.id, type: command.info.type, error }
    this.#ports.log.error('a command failed and its transaction was undone', fields)
    if (error instanceof HandlerFault) return error.content
    // What the store refuses for good, it refuses for this command's rows: its neighbours must not wait for it.
    if (error instanceof OperationalError)
      return errorContent('failed', { code: error.code, message: 'the store refused the transaction' })
    throw error
  }

  #runsUntil(stopping: AbortSignal): Runs {
    return new Runs(this.#ports, stopping)
  }

  #transact(commands: readonly ReceivedCommand<Tx>[], runs: Runs): Promise<Performed> {
    return this.#ports.inbox.transaction(async (scope) => {
      const turn = new Turn(scope, await scope.find(keysOf(commands)), { ...this.#ports, runs })
      for (const round of roundsOf(commands)) await turn.round(round)
      await turn.keep()
      return turn.contents
    })
  }
}

/** The handlers' calls for some commands. */
class Runs {
  readonly stopping: AbortSignal
  readonly #ports: HandlerRunPorts
  readonly #begun: HandlerRun[] = []

  constructor(ports: HandlerRunPorts, stopping: AbortSignal) {
    this.#ports = ports
    this.stopping = stopping
  }

  begin(operation: Operation<never>, commands: readonly ReceivedCommand<never>[]): HandlerRun {
    const run = new HandlerRun({ operation, commands }, this.#ports, this.stopping)
    this.#begun.push(run)
    return run
  }

  /** Settles when no progress is on its way. */
  async settled(): Promise<void> {
    await Promise.all(this.#begun.map((run) => run.settled()))
  }
}

interface TurnPorts {
  readonly clock: Clock
  readonly metrics: Metrics
  readonly runs: Runs
}

/** One transaction: the entries known in it, those to store, and the replies so far. */
class Turn<Tx> {
  readonly contents = new Map<ReceivedCommand<never>, ReplyContent>()
  readonly #scope: InboxScope<Tx>
  readonly #known: Map<IdempotencyKey, InboxEntry>
  readonly #added: InboxEntry[] = []
  readonly #ports: TurnPorts

  constructor(scope: InboxScope<Tx>, known: ReadonlyMap<IdempotencyKey, InboxEntry>, ports: TurnPorts) {
    this.#scope = scope
    this.#known = new Map(known)
    this.#ports = ports
  }

  async round(commands: readonly ReceivedCommand<Tx>[]): Promise<void> {
    const due = commands.filter((command) => !this.#answered(command))
    for (const [operation, group] of Map.groupBy(due, (command) => command.operation)) await this.#run(operation, group)
  }

  async keep(): Promise<void> {
    if (this.#added.length > 0) await this.#scope.store(this.#added)
  }

  #answered(command: ReceivedCommand<Tx>): boolean {
    const verdict = verdictOf(command, this.#known, this.#ports.clock.now())
    if (verdict.kind === 'run') return false
    const reason = verdict.kind === 'tombstone' ? 'tombstone' : verdict.reason
    this.#ports.metrics.count('kasaga_participant_unhandled_total', { type: command.info.type, reason })
    if (verdict.kind === 'answer') this.contents.set(command, verdict.content)
    else {
      this.#add(command, { outcome: 'tombstone', body: '', errorCode: undefined }, command.forwardKey)
      this.contents.set(command, DONE)
    }
    return true
  }

  async #run(operation: Operation<Tx>, commands: readonly ReceivedCommand<Tx>[]): Promise<void> {
    const answers = await this.#invoke(operation, commands)
    if (answers.length !== commands.length)
      throw faultOf(new Error(`${answers.length} answers to ${commands.length} commands`), this.#ports.runs.stopping)
    for (const [index, command] of commands.entries()) {
      const content = contentOf(command, answers[index])
      this.contents.set(command, content)
      const outcome = content.outcome === 'rejected' ? 'rejected' : 'success'
      this.#add(command, { outcome, body: content.body, errorCode: content.errorCode }, command.info.idempotencyKey)
    }
  }

  async #invoke(operation: Operation<Tx>, commands: readonly ReceivedCommand<Tx>[]): Promise<readonly unknown[]> {
    const items = commands.map(({ input, info }) => ({ input, command: info }))
    const run = this.#ports.runs.begin(operation, commands)
    const { signal, progress } = run
    try {
      return await operation.invoke(items, { tx: this.#scope.tx, signal, progress })
    } catch (error) {
      throw faultOf(error, signal)
    } finally {
      run.end()
    }
  }

  #add(
    command: ReceivedCommand<Tx>,
    answer: { outcome: InboxOutcome; body: string; errorCode: string | undefined },
    key: IdempotencyKey,
  ): void {
    const { sagaId, type: commandType } = command.info
    const entry: InboxEntry = { key, ...answer, sagaId, commandType, handledAt: this.#ports.clock.now() }
    this.#known.set(key, entry)
    this.#added.push(entry)
  }
}

function keysOf(commands: readonly ReceivedCommand<never>[]): readonly IdempotencyKey[] {
  return [...new Set(commands.flatMap((command) => [command.info.idempotencyKey, command.forwardKey]))]
}

/** The nth round holds each saga's nth command. */
function roundsOf<Tx>(commands: readonly ReceivedCommand<Tx>[]): readonly (readonly ReceivedCommand<Tx>[])[] {
  const rounds: ReceivedCommand<Tx>[][] = []
  const counts = new Map<string, number>()
  for (const command of commands) {
    const nth = counts.get(command.info.sagaId) ?? 0
    counts.set(command.info.sagaId, nth + 1)
    const round = rounds[nth]
    if (round) round.push(command)
    else rounds.push([command])
  }
  return rounds
}

function isPassing(error: unknown): boolean {
  return error instanceof OperationalError && error.retriable
}
