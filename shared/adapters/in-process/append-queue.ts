/**
 * Gathers what is to be written in one turn of the event loop, and writes it at once: the group commit.
 *
 * States: empty | waiting (a turn is scheduled) | closed. `append` and `commit` add; the scheduled turn takes, writes,
 * answers every caller, then tells the groups. Guarantees: order of calls per partition; an answer comes after the write.
 */
import { OperationalError } from '../../message/errors.ts'
import type { NewRecord } from '../../message/record.ts'
import type { AppendResult } from '../../ports/broker.ts'
import type { Clock } from '../../ports/clock.ts'
import type { CheckpointWrite, LogStore, Place, StoredWrite, WriteResult } from './log-store.ts'

interface WaitingAppend extends Place {
  readonly records: readonly NewRecord[]
  readonly bytes: number
  readonly answer: (result: AppendResult) => void
}

interface WaitingCommit {
  readonly write: CheckpointWrite
  readonly done: () => void
  readonly failed: (error: OperationalError) => void
}

interface Gathered extends Place {
  readonly records: NewRecord[]
  readonly appends: WaitingAppend[]
}

export interface WriteListeners {
  /** The write is in the log. */
  stored(write: StoredWrite): void
  /** Something may have come into the log: whoever stands at its end looks again. */
  unknown(): void
}

/** Bytes, by their upper bound, that one turn writes; what is beyond waits for the next turn. */
const TURN_BYTES_MAX = 16_000_000

export class AppendQueue {
  readonly #store: LogStore
  readonly #clock: Clock
  readonly #listeners: WriteListeners
  #appends: WaitingAppend[] = []
  #commits: WaitingCommit[] = []
  #scheduled = false
  #closed = false

  constructor(store: LogStore, clock: Clock, listeners: WriteListeners) {
    this.#store = store
    this.#clock = clock
    this.#listeners = listeners
  }

  append(waiting: WaitingAppend): void {
    if (this.#closed) {
      waiting.answer({ kind: 'refused', error: this.#closedError() })
      return
    }
    this.#appends.push(waiting)
    this.#schedule()
  }

  commit(write: CheckpointWrite): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closedError())
    return new Promise((done, failed) => {
      this.#commits.push({ write, done, failed })
      this.#schedule()
    })
  }

  /** Writes what is still waiting, and takes no more. */
  close(): void {
    while (this.#appends.length > 0 || this.#commits.length > 0) this.#turn()
    this.#closed = true
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#clock.soon(() => {
      this.#scheduled = false
      this.#turn()
    })
  }

  #turn(): void {
    const gathered = gather(this.#take())
    const commits = this.#commits
    this.#commits = []
    if (this.#appends.length > 0) this.#schedule()
    if (gathered.length === 0 && commits.length === 0) return
    const result = this.#store.write({ writes: gathered, checkpoints: commits.map((c) => c.write) })
    answerCommits(commits, result)
    answerAppends(gathered, result)
    if (result.kind === 'stored') for (const write of result.stored) this.#listeners.stored(write)
    else if (result.kind === 'unknown') this.#listeners.unknown()
  }

  #take(): WaitingAppend[] {
    let bytes = 0
    let count = 0
    for (const waiting of this.#appends) {
      bytes += waiting.bytes
      if (bytes > TURN_BYTES_MAX && count > 0) break
      count++
    }
    return this.#appends.splice(0, count)
  }

  #closedError(): OperationalError {
    return new OperationalError('broker-closed', 'the log is closed', { where: this.#store.where, retriable: false })
  }
}

/** Puts together what goes to one partition, in the order of the calls. */
function gather(appends: readonly WaitingAppend[]): Gathered[] {
  const places = new Map<string, Gathered>()
  for (const waiting of appends) {
    const { topic, partition } = waiting
    const name = `${partition}/${topic}`
    let place = places.get(name)
    if (!place) {
      place = { topic, partition, records: [], appends: [] }
      places.set(name, place)
    }
    for (const record of waiting.records) place.records.push(record)
    place.appends.push(waiting)
  }
  return [...places.values()]
}

function answerCommits(commits: readonly WaitingCommit[], result: WriteResult): void {
  for (const commit of commits) {
    if (result.kind === 'stored') commit.done()
    else commit.failed(result.error)
  }
}

function answerAppends(gathered: readonly Gathered[], result: WriteResult): void {
  gathered.forEach((place, i) => {
    let baseOffset = result.kind === 'stored' ? (result.stored[i]?.base ?? 0n) : 0n
    for (const { answer, records } of place.appends) {
      answer(result.kind === 'stored' ? { kind: 'appended', baseOffset } : result)
      baseOffset += BigInt(records.length)
    }
  })
}
