/**
 * Gathers what is to be written in one turn of the event loop, and writes it at once: the group commit.
 *
 * States: empty | waiting (a turn is scheduled) | closed. `append` and `commit` add; the scheduled turn takes, writes, answers
 * callers, then tells the groups: those who take it before it is durable at once, the others when it is.
 * Guarantees: order of calls per partition; an answer comes after the write.
 */
import { OperationalError } from '../../message/errors.ts'
import type { NewRecord } from '../../message/record.ts'
import type { AppendResult } from '../../ports/broker.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Awaited, Durability } from './durability.ts'
import type { CheckpointWrite, LogStore, Place, StoredWrite } from './log-store.ts'

interface WaitingAppend extends Place {
  readonly records: readonly NewRecord[]
  /** It is answered before it is durable. */
  readonly beforeSync?: boolean | undefined
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
  /** The write is in the log, and may be lost yet. */
  written(write: StoredWrite): void
  /** It cannot be lost any more. */
  stored(write: StoredWrite): void
  /** Something may have come into the log: whoever stands at its end looks again. */
  unknown(): void
}

export interface AppendQueuePorts {
  readonly store: LogStore
  readonly clock: Clock
  readonly durability: Durability
  readonly listeners: WriteListeners
}

/** What one turn has written. */
interface Written {
  readonly gathered: readonly Gathered[]
  readonly commits: readonly WaitingCommit[]
  readonly stored: readonly StoredWrite[]
}

/** Bytes, by their upper bound, that one turn writes; what is beyond waits for the next turn. */
const TURN_BYTES_MAX = 16_000_000

export class AppendQueue {
  readonly #store: LogStore
  readonly #clock: Clock
  readonly #listeners: WriteListeners
  readonly #durability: Durability
  #appends: WaitingAppend[] = []
  #commits: WaitingCommit[] = []
  #scheduled = false
  #closed = false

  constructor({ store, clock, durability, listeners }: AppendQueuePorts) {
    this.#store = store
    this.#clock = clock
    this.#durability = durability
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
    const ends = gathered.map((place) => this.#store.end(place))
    const result = this.#store.write({ writes: gathered, checkpoints: commits.map((c) => c.write) })
    if (result.kind === 'stored') {
      this.#written({ gathered, commits, stored: result.stored })
      return
    }
    for (const commit of commits) commit.failed(result.error)
    for (const { appends } of gathered) for (const { answer } of appends) answer(result)
    if (result.kind === 'unknown')
      this.#unknown(gathered.map(({ topic, partition }, i) => ({ topic, partition, base: ends[i] ?? 0n })))
  }

  #written({ gathered, commits, stored }: Written): void {
    answerAppends(gathered, stored, { early: true })
    for (const write of stored) this.#listeners.written(write)
    this.#durability.add({
      stored,
      durable: () => {
        for (const commit of commits) commit.done()
        answerAppends(gathered, stored, { early: false })
        for (const write of stored) this.#listeners.stored(write)
      },
      failed: (error) => {
        for (const commit of commits) commit.failed(error)
        for (const { appends } of gathered)
          for (const { beforeSync, answer } of appends) if (!beforeSync) answer({ kind: 'unknown', error })
      },
    })
  }

  /** Something may stand there now: whoever looks again finds it once it is durable. */
  #unknown(stored: Awaited['stored']): void {
    this.#durability.add({ stored, durable: () => this.#listeners.unknown(), failed: () => {} })
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

/** Answers those that are answered before they are durable, or all others. */
function answerAppends(
  gathered: readonly Gathered[],
  stored: readonly StoredWrite[],
  { early }: { early: boolean },
): void {
  gathered.forEach((place, i) => {
    let baseOffset = stored[i]?.base ?? 0n
    for (const { answer, records, beforeSync = false } of place.appends) {
      if (beforeSync === early) answer({ kind: 'appended', baseOffset })
      baseOffset += BigInt(records.length)
    }
  })
}
