/**
 * The rows and the inbox of a participant in memory, as a database that outlives its processes: transactions that are
 * kept whole or not at all, of which it may not be told whether they were, in virtual time.
 */
import { OperationalError } from '../../shared/message/errors.ts'
import type { IdempotencyKey } from '../../shared/message/ids.ts'
import { type Clock, type Random, sleep } from '../../shared/ports/clock.ts'
import type { Inbox, InboxEntry } from '../../shared/ports/inbox.ts'

/** One effect of a handler. */
export interface EffectRow {
  readonly key: IdempotencyKey
  readonly sagaId: string
  /** The lane of the participant's choice. */
  readonly lane: string
  /** The command's place among those of its topic. */
  readonly nth: number
}

/** What a handler writes through. */
export type EffectTx<Row = EffectRow> = Row[]

export interface CrashInboxOptions {
  readonly clock: Clock
  readonly random: Random
  /** Share of the transactions that meet trouble; read each time, so that it can be turned off. */
  readonly troubleShare: () => number
  readonly onTrouble: (kind: 'refused' | 'kept and unanswered') => void
  readonly statementMsMax: number
}

export class CrashStore<Row = EffectRow> {
  readonly rows: Row[] = []
  readonly #entries = new Map<IdempotencyKey, InboxEntry>()
  readonly #options: CrashInboxOptions

  constructor(options: CrashInboxOptions) {
    this.#options = options
  }

  /** All that was answered. */
  entries(): readonly InboxEntry[] {
    return [...this.#entries.values()]
  }

  /** What was answered to a key. */
  entry(key: IdempotencyKey): InboxEntry | undefined {
    return this.#entries.get(key)
  }

  /** A person writes into the inbox, or takes out of it. */
  correct(key: IdempotencyKey, entry: InboxEntry | undefined): void {
    if (entry) this.#entries.set(key, entry)
    else this.#entries.delete(key)
  }

  /**
   * The inbox as one process has it: once that is dead, nothing of it is kept any more. `clock`: the process's own, by
   * which its statements take their time.
   */
  inboxOf(isDead: () => boolean, clock?: Clock): Inbox<EffectTx<Row>> {
    return {
      transaction: async (work) => {
        const tx: EffectTx<Row> = []
        const added: InboxEntry[] = []
        await this.#statement(clock)
        const result = await work({
          tx,
          find: async (keys) => {
            await this.#statement(clock)
            return new Map(keys.flatMap((key) => [this.#entries.get(key) ?? []].flat().map((entry) => [key, entry])))
          },
          store: async (entries) => {
            await this.#statement(clock)
            added.push(...entries)
          },
        })
        await this.#statement(clock)
        this.#commit(tx, added, isDead())
        return result
      },
      forget: async () => 0,
    }
  }

  #commit(tx: EffectTx<Row>, added: readonly InboxEntry[], isDead: boolean): void {
    const { random, troubleShare, onTrouble } = this.#options
    const share = troubleShare()
    if (isDead) throw trouble('the process is dead')
    if (random.next() < share) {
      onTrouble('refused')
      throw trouble('refused')
    }
    if (added.some((entry) => this.#entries.has(entry.key))) throw trouble('taken')
    for (const entry of added) this.#entries.set(entry.key, entry)
    this.rows.push(...tx)
    if (random.next() >= share) return
    onTrouble('kept and unanswered')
    throw trouble('kept, and not answered')
  }

  #statement(own: Clock | undefined): Promise<void> {
    const { clock, random, statementMsMax } = this.#options
    return sleep(own ?? clock, Math.floor(random.next() * statementMsMax))
  }
}

function trouble(why: string): OperationalError {
  return new OperationalError('planted-trouble', why, { where: 'test', retriable: true })
}
