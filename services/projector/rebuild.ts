/**
 * Builds a view from the log beside the one that is read, and lets it take that one's place.
 *
 *   building --as far as the one that is read--> comparing --> building --close behind--> taking the place --> done
 *                  ^------ another process was there, readers held the tables ------------------/
 *
 * Rows and checkpoint of what is built move together, as those of every view do, so whoever is killed goes on where it was,
 * and of two that build the same each chunk is applied by one. What is read goes on to be read and written all the time;
 * for the last step, some milliseconds, its writer waits.
 */
import type { AcceptedBatch } from '../../shared/message/batch.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import { sleep } from '../../shared/ports/clock.ts'
import type { RebuildProgress, RebuildReport } from '../../shared/ports/rebuild.ts'
import type { TableComparison, ViewCheckpoint, ViewChunk, ViewGeneration } from '../../shared/ports/view-store.ts'
import { inGeneration } from '../../shared/view/generation.ts'
import type { Projection } from '../../shared/view/projection.ts'
import {
  advancePartition,
  builtCheckpoints,
  builtElsewhere,
  MOVED_DELAY_MS,
  REFUSED,
  type RebuildPorts,
  recordsLeft,
} from './advance.ts'
import { chunkOf, chunksOf, type TakenBatches } from './log-chunks.ts'

export interface RebuildOptions extends RebuildPorts {
  /** As it is read once it is built. */
  readonly own: Projection
  /** Whether rows are compared with those that were read before. */
  readonly compares: boolean
  /** How long the one whose place is taken is kept, for a way back. */
  readonly keepMs: number
  /** There may be tables that nothing was ever written into. */
  readonly mayBeEmpty?: boolean
  readonly onProgress?: (far: RebuildProgress) => void
  /** Asked between two chunks. */
  readonly isStopped?: () => boolean
}

/** Records that may be left for the step in which the writer of the view waits. */
const LEFT_RECORDS_MAX = 5_000
const CATCH_UPS_MAX = 20
const BUSY_TRIES_MAX = 120
const BUSY_DELAY_MS = 250

/** @throws OperationalError `no-such-view`, `views-busy`, `rebuild-too-slow`, `built-elsewhere`, `rebuild-stopped`, and what the log and the store throw. */
export async function rebuild(options: RebuildOptions): Promise<RebuildReport> {
  return new Rebuild(options, 'next').run()
}

/**
 * Lets what is kept take its place back. It is brought up to date before, unless it is of another version, which this program
 * cannot write: it goes on then with the projector of that version.
 * @throws OperationalError `nothing-kept`, and as `rebuild`.
 */
export async function rollBack(options: RebuildOptions): Promise<RebuildReport> {
  return new Rebuild(options, 'kept').run()
}

class Rebuild {
  readonly #options: RebuildOptions
  readonly #beside: 'next' | 'kept'
  readonly #build: Projection
  /** Where what is built stands. */
  #at: readonly ViewCheckpoint[] = []
  #records = 0
  #version = 0
  #keepUntil = 0
  /** What is built has checkpoints; when they are gone, so is it. */
  #hasBegun = false

  constructor(options: RebuildOptions, beside: 'next' | 'kept') {
    this.#options = options
    this.#beside = beside
    this.#build = inGeneration(options.own, beside)
  }

  async run(): Promise<RebuildReport> {
    try {
      return await this.#run()
    } catch (error) {
      if (!(error instanceof OperationalError) || !this.#hasBegun) throw error
      const left = await builtCheckpoints(this.#options.builds, this.#build)
      throw left.length === 0 ? builtElsewhere(this.#build) : error
    }
  }

  async #run(): Promise<RebuildReport> {
    const { clock, own, compares, keepMs } = this.#options
    const startedAt = clock.now()
    const live = await this.#read()
    const writes = await this.#begin()
    if (writes) await this.#catchUp()
    if (writes && compares) {
      await this.#compare()
      await this.#catchUp()
    }
    const tables = await this.#takePlace(writes)
    return {
      view: own.name,
      version: this.#version,
      before: live.version,
      records: this.#records,
      elapsedMs: clock.now() - startedAt,
      tables,
      keptUntil: keepMs > 0 ? this.#keepUntil : null,
    }
  }

  /** The one that is read. */
  async #read(): Promise<ViewGeneration> {
    const { builds, own } = this.#options
    const all = (await builds.generations()).filter(({ projection, beside }) => projection === own.name && !beside)
    // Of an older version too, when its projector has not gone yet.
    const live = all.toSorted((a, b) => b.version - a.version)[0]
    if (live) return live
    if (this.#options.mayBeEmpty) return { projection: own.name, version: own.version, checkpoints: [] }
    const message = `the view ${own.name} has not been built yet: the projector builds it when it starts`
    throw new OperationalError('no-such-view', message, { where: 'rebuild', retriable: false })
  }

  /** Answers whether this program can write it. */
  async #begin(): Promise<boolean> {
    const { broker, topic, builds, own } = this.#options
    this.#version = own.version
    if (this.#beside === 'next') {
      const count = await broker.partitions(topic)
      await builds.begin(
        this.#build,
        Array.from({ length: count }, (_, partition) => partition),
      )
      return true
    }
    const all = await builds.generations()
    const kept = all.find(({ projection, beside }) => projection === own.name && beside === 'kept')
    if (!kept) throw new OperationalError('nothing-kept', `nothing is kept of ${own.name}`, REFUSED)
    this.#version = kept.version
    return kept.version === own.version
  }

  /** Builds on until it is close behind the one that is read. */
  async #catchUp(): Promise<void> {
    for (let turn = 0; turn < CATCH_UPS_MAX; turn++) {
      const { checkpoints } = await this.#read()
      const left = await this.#advance(checkpoints)
      if (left <= LEFT_RECORDS_MAX) return
    }
    const message = `the view is written faster than it is built: after ${CATCH_UPS_MAX} rounds it is still more than ${LEFT_RECORDS_MAX} records behind; what is built stays, go on when there is less to do`
    throw new OperationalError('rebuild-too-slow', message, { where: 'rebuild', retriable: true })
  }

  /** Builds up to these checkpoints; answers how many records that were. */
  async #advance(live: readonly ViewCheckpoint[]): Promise<number> {
    const { writer } = this.#options
    const targets = new Map(live.map(({ partition, nextOffset }) => [partition, nextOffset]))
    this.#at = await writer.checkpoints([this.#build], [...targets.keys()])
    this.#hasBegun = true
    const left = recordsLeft(this.#at, targets)
    const from = this.#records
    const onRecords = (records: number) => {
      this.#records += records
      this.#options.onProgress?.({ stage: 'building', done: this.#records, total: from + left })
    }
    onRecords(0)
    const ends: ViewCheckpoint[] = []
    for (const from of this.#at) {
      const to = targets.get(from.partition) ?? 0n
      const takes = ({ nextOffset }: AcceptedBatch) => nextOffset <= to
      ends.push(await advancePartition({ ...this.#options, build: this.#build, onRecords }, { from, takes }))
    }
    this.#at = ends
    return left
  }

  async #compare(): Promise<void> {
    const { builds, own, onProgress } = this.#options
    onProgress?.({ stage: 'comparing', done: 0 })
    await builds.compare(own, this.#build, (done) => onProgress?.({ stage: 'comparing', done }))
  }

  async #takePlace(writes: boolean): Promise<readonly TableComparison[]> {
    const { builds, own, clock, keepMs, onProgress } = this.#options
    for (let tries = 0; tries < BUSY_TRIES_MAX; tries++) {
      onProgress?.({ stage: 'taking-place', done: this.#records })
      const now = clock.now()
      this.#keepUntil = now + keepMs
      const lacking = (live: readonly ViewCheckpoint[]) => (writes ? this.#lacking(live) : Promise.resolve(NOTHING))
      const taken = await builds.takePlace({ own, beside: this.#beside, keepUntil: this.#keepUntil, now, lacking })
      if (taken !== 'busy' && taken !== 'moved') return taken
      await sleep(clock, taken === 'busy' ? BUSY_DELAY_MS : MOVED_DELAY_MS)
      if (!writes) continue
      if ((await builtCheckpoints(builds, this.#build)).length === 0) throw builtElsewhere(this.#build)
      await this.#catchUp()
    }
    throw new OperationalError('views-busy', `readers hold the tables of ${own.name}: try again later`, {
      where: 'rebuild',
      retriable: true,
    })
  }

  async #lacking(live: readonly ViewCheckpoint[]): Promise<ViewChunk> {
    const { broker, topic } = this.#options
    const taken: TakenBatches[] = []
    for (const from of this.#at) {
      const to = live.find(({ partition }) => partition === from.partition)?.nextOffset ?? 0n
      if (to <= from.nextOffset) continue
      const batches: AcceptedBatch[] = []
      const takes = ({ nextOffset }: AcceptedBatch) => nextOffset <= to
      for await (const some of chunksOf({ broker, topic, from, takes })) batches.push(...some)
      taken.push({ from, batches })
    }
    return chunkOf(this.#build, topic, taken)
  }
}

const NOTHING: ViewChunk = { moves: [], tables: [] }
