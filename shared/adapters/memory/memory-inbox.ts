/**
 * An inbox without a database, for participants whose effects are idempotent by themselves.
 *
 * What it loses: everything at the end of the process, and the oldest entries above its limit. A command that is
 * delivered again after that is carried out again, an undo whose do is forgotten undoes nothing, and a tombstone that is
 * lost refuses nothing. There is no transaction either: what a handler did before it threw stays done.
 */
import { OperationalError } from '../../message/errors.ts'
import type { IdempotencyKey } from '../../message/ids.ts'
import type { Inbox, InboxEntry, InboxScope } from '../../ports/inbox.ts'

export const MEMORY_INBOX_ENTRIES_MAX = 100_000

export interface MemoryInboxOptions {
  /** Entries that it holds; above it the oldest are forgotten. */
  readonly entriesMax?: number
  /** What it loses is known and does no harm: nothing is said of it at the start. */
  readonly acceptLoss?: boolean
}

const CAUTION =
  'the inbox is in memory: what is delivered again after a restart is handled again, and what was handled before cannot be undone'

export class MemoryInbox implements Inbox<undefined> {
  readonly isVolatile = true
  readonly caution: string | undefined
  readonly #entriesMax: number
  readonly #entries = new Map<IdempotencyKey, InboxEntry>()

  constructor({ entriesMax = MEMORY_INBOX_ENTRIES_MAX, acceptLoss = false }: MemoryInboxOptions = {}) {
    this.#entriesMax = entriesMax
    this.caution = acceptLoss ? undefined : CAUTION
  }

  /** The entries that it holds, oldest first. */
  entries(): readonly InboxEntry[] {
    return [...this.#entries.values()]
  }

  /** Keeps what was stored when `work` is done, and nothing when it throws. */
  async transaction<T>(work: (scope: InboxScope<undefined>) => Promise<T>): Promise<T> {
    const stored = new Map<IdempotencyKey, InboxEntry>()
    const result = await work({
      tx: undefined,
      find: async (keys) => this.#find(keys, stored),
      store: async (entries) => {
        for (const entry of entries) {
          if (stored.has(entry.key)) throw conflict(entry.key)
          stored.set(entry.key, entry)
        }
        this.#refuseTaken(stored)
      },
    })
    this.#refuseTaken(stored)
    for (const [key, entry] of stored) this.#entries.set(key, entry)
    this.#forgetOldest()
    return result
  }

  async forget(beforeMs: number, entriesMax: number): Promise<number> {
    const old = this.entries().filter((entry) => entry.handledAt < beforeMs)
    const oldest = old.sort((a, b) => a.handledAt - b.handledAt).slice(0, entriesMax)
    for (const { key } of oldest) this.#entries.delete(key)
    return oldest.length
  }

  #find(
    keys: readonly IdempotencyKey[],
    stored: ReadonlyMap<IdempotencyKey, InboxEntry>,
  ): Map<IdempotencyKey, InboxEntry> {
    const found = new Map<IdempotencyKey, InboxEntry>()
    for (const key of keys) {
      const entry = stored.get(key) ?? this.#entries.get(key)
      if (entry) found.set(key, entry)
    }
    return found
  }

  #refuseTaken(stored: ReadonlyMap<IdempotencyKey, InboxEntry>): void {
    for (const key of stored.keys()) if (this.#entries.has(key)) throw conflict(key)
  }

  #forgetOldest(): void {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= this.#entriesMax) return
      this.#entries.delete(key)
    }
  }
}

function conflict(key: IdempotencyKey): OperationalError {
  const options = { where: 'memory-inbox', retriable: true }
  return new OperationalError('inbox-conflict', `${key} was stored by another transaction`, options)
}
