/** One transaction: the entries known in it, those to store, and the answers so far. */
import type { ReplyContent } from '../message/command-record.ts'
import type { IdempotencyKey } from '../message/ids.ts'
import type { Clock } from '../ports/clock.ts'
import type { InboxEntry, InboxOutcome, InboxScope } from '../ports/inbox.ts'
import type { Metrics } from '../ports/telemetry.ts'
import { contentOf, faultOf, HandlerFault, unanswered } from './handler-answer.ts'
import type { HandlerRuns } from './handler-run.ts'
import { DONE, verdictOf } from './inbox-verdict.ts'
import type { Operation } from './operations.ts'
import type { ReceivedCommand } from './received-command.ts'

export interface TurnPorts {
  readonly clock: Clock
  readonly metrics: Metrics
  readonly runs: HandlerRuns
}

export class Turn<Tx> {
  readonly contents = new Map<ReceivedCommand<never>, ReplyContent>()
  /** What failed for itself: nothing of it may be kept. */
  readonly faults = new Map<ReceivedCommand<never>, HandlerFault>()
  readonly #scope: InboxScope<Tx>
  readonly #known: ReadonlyMap<IdempotencyKey, InboxEntry>
  readonly #added: InboxEntry[] = []
  readonly #ports: TurnPorts

  constructor(scope: InboxScope<Tx>, known: ReadonlyMap<IdempotencyKey, InboxEntry>, ports: TurnPorts) {
    this.#scope = scope
    this.#known = known
    this.#ports = ports
  }

  /**
   * Answers what the inbox can answer, and calls the handler for the rest; the commands are of different sagas.
   * @throws HandlerFault or ThrownRefusal when the handler threw, or answered another number of commands.
   */
  async carryOut(commands: readonly ReceivedCommand<Tx>[]): Promise<void> {
    const due = commands.filter((command) => !this.#answered(command))
    for (const [operation, group] of Map.groupBy(due, (command) => command.operation)) await this.#run(operation, group)
  }

  async keep(): Promise<void> {
    if (this.#added.length > 0) await this.#scope.store(this.#added)
  }

  #answered(command: ReceivedCommand<Tx>): boolean {
    const { clock, metrics, runs } = this.#ports
    const verdict = verdictOf(command, this.#known, { now: clock.now(), deadlineAt: runs.deadlines.of(command) })
    if (verdict.kind === 'run') return false
    const reason = verdict.kind === 'tombstone' ? 'tombstone' : verdict.reason
    metrics.count('kasaga_participant_unhandled_total', { type: command.info.type, reason })
    if (verdict.kind === 'answer') this.contents.set(command, verdict.content)
    else {
      this.#add(command, { outcome: 'tombstone', body: '', errorCode: undefined }, command.forwardKey)
      this.contents.set(command, DONE)
    }
    return true
  }

  async #run(operation: Operation<Tx>, commands: readonly ReceivedCommand<Tx>[]): Promise<void> {
    const answers = await this.#invoke(operation, commands)
    if (answers.length !== commands.length) throw unanswered(`${answers.length} answers to ${commands.length} commands`)
    for (const [index, command] of commands.entries()) this.#take(command, answers[index])
  }

  #take(command: ReceivedCommand<Tx>, answer: unknown): void {
    try {
      const content = contentOf(command, answer)
      this.contents.set(command, content)
      const outcome = content.outcome === 'rejected' ? 'rejected' : 'success'
      this.#add(command, { outcome, body: content.body, errorCode: content.errorCode }, command.info.idempotencyKey)
    } catch (error) {
      if (!(error instanceof HandlerFault)) throw error
      this.contents.set(command, error.content)
      this.faults.set(command, error)
    }
  }

  async #invoke(operation: Operation<Tx>, commands: readonly ReceivedCommand<Tx>[]): Promise<readonly unknown[]> {
    const run = this.#ports.runs.begin(commands)
    try {
      return await operation.invoke(run.items, { tx: this.#scope.tx, signal: run.signal })
    } catch (error) {
      throw faultOf(error, run.signal)
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
    this.#added.push({ key, ...answer, sagaId, commandType, handledAt: this.#ports.clock.now() })
  }
}
