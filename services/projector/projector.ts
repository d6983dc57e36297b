/**
 * The projector: reads the log in a group, folds accepted batches, and writes rows and checkpoints in one transaction.
 *
 *   starting --joined--> running --close--> closed        (each partition: see partition-feed.ts)
 *
 * One loop makes all changes, a step at a time: feeds that are loading read their checkpoints; else the chunk that has
 * gathered, of all partitions, is applied; else it waits. While a chunk is applied the next one gathers, so load makes
 * chunks grow and the cost of an event fall.
 * Guarantees: rows and checkpoint move together, from where the checkpoint stands in the database (S17): a chunk is
 * never applied twice, also when two projectors own a partition (K35) or a commit's answer is lost (K36). Any trouble
 * ends in the same way: what is in memory is dropped and the checkpoints are read again.
 */
import { messageOf, OperationalError } from '../../shared/message/errors.ts'
import type { LogRecord } from '../../shared/message/record.ts'
import type { GroupMember } from '../../shared/ports/broker.ts'
import { sleep } from '../../shared/ports/clock.ts'
import { OngoingTrouble } from '../../shared/ports/ongoing-trouble.ts'
import { watchLag } from '../../shared/runtime/lag-watch.ts'
import type { Projection } from '../../shared/view/projection.ts'
import { applyChunk } from './apply-chunk.ts'
import type { Taken } from './fold-chunk.ts'
import { PROJECTOR_LIMITS, type ProjectorLimits, type ProjectorOptions } from './options.ts'
import { OutdatedViews } from './outdated-views.ts'
import { PartitionFeed } from './partition-feed.ts'
import { Progress } from './progress.ts'

const TEXTS = { met: 'the views cannot be written: trying again', over: 'the views are written again' }

export class Projector {
  readonly #options: ProjectorOptions
  readonly #limits: ProjectorLimits
  readonly #feeds = new Map<number, PartitionFeed>()
  readonly #progress = new Progress()
  readonly #closing = Promise.withResolvers<void>()
  #closed = false
  #failures = 0
  #outdated: OutdatedViews | undefined
  /** Other projections are written from now on. */
  #mustReload = false
  /** The broker reported trouble that lasts; a partition that comes says that it is over. */
  #inTrouble = false
  /** When the last chunk was begun. */
  #appliedFrom = 0
  readonly #halted = Promise.withResolvers<OperationalError>()
  #member: GroupMember | undefined
  #loop: Promise<void> = Promise.resolve()
  /** Settles when the chunk that is being applied is done with. */
  #applying: Promise<unknown> = Promise.resolve()
  #wake: () => void = () => {}
  #unwatch: () => void = () => {}
  readonly #trouble: OngoingTrouble

  private constructor(options: ProjectorOptions) {
    this.#options = options
    this.#limits = { ...PROJECTOR_LIMITS, ...options.limits }
    this.#trouble = new OngoingTrouble(options, TEXTS)
  }

  /**
   * Makes the tables that are missing, joins the group and starts to project.
   * @throws OperationalError when the store or the broker is in trouble, `views-of-another-log`, and
   * `log-shorter-than-views`.
   */
  static async start(options: ProjectorOptions): Promise<Projector> {
    const projector = new Projector(options)
    const outdated = await prepare(options)
    await checkTopic(options)
    await checkLog(options)
    const member = await projector.#join()
    projector.#member = member
    projector.#loop = projector.#run(member)
    options.alongside?.start()
    projector.#buildOutdated(outdated)
    const { clock, log } = options
    const everyMs = projector.#limits.lagIntervalMs
    projector.#unwatch = watchLag({ clock, log, everyMs, whose: 'the projector', ask: () => projector.lag() })
    return projector
  }

  /** Whether the views hold each partition's log before the offset given for it, as far as is known here. */
  caughtUp(offsets: ReadonlyMap<number, bigint>): boolean {
    return [...offsets].every(([partition, offset]) => this.#progress.at(partition) >= offset)
  }

  /**
   * It writes, no projection stands still on a partition that it holds, and the broker has reported nothing that lasts:
   * what readiness asks. One that the others leave no partition to is ready too.
   */
  get ready(): boolean {
    return this.notReady.length === 0
  }

  /** What of that is not so, in words. */
  get notReady(): readonly string[] {
    if (this.#closed) return ['it has stopped']
    const feeds = [...this.#feeds.values()]
    const waiting = feeds.filter(({ status }) => status !== 'open').length
    const broken = new Set(feeds.flatMap((feed) => [...feed.broken]))
    return [
      ...(this.#inTrouble ? ['the log has reported trouble that lasts'] : []),
      ...(this.#failures > 0 ? ['the views could not be written, and it starts over from the checkpoints'] : []),
      ...(waiting > 0 ? [`partitions that are not followed yet: ${waiting} of ${feeds.length}`] : []),
      ...[...broken].map((projection) => `projection ${projection} stands still`),
    ]
  }

  /** Settles when it has stopped by itself: the log is of a newer format. What was read before that is in the views. */
  get halted(): Promise<OperationalError> {
    return this.#halted.promise
  }

  /** Waits until a partition's log before `offset` is in the views; rejects with `views-behind` after `waitMs`. */
  waitFor(partition: number, offset: bigint, waitMs: number): Promise<void> {
    return this.#progress.wait(partition, offset, { clock: this.#options.clock, waitMs })
  }

  /** Records of the log that are not in the views yet, by partition owned here; sets the gauge too. */
  async lag(): Promise<ReadonlyMap<number, bigint>> {
    const lags = new Map<number, bigint>()
    for (const { partition, end } of await this.#options.broker.offsets(this.#options.topic)) {
      if (!this.#feeds.has(partition)) continue
      const behind = end - this.#progress.at(partition)
      lags.set(partition, behind > 0n ? behind : 0n)
      this.#gaugeLag(partition, Number(lags.get(partition)))
    }
    return lags
  }

  #gaugeLag(partition: number, records: number): void {
    this.#options.metrics.gauge('kasaga_projector_lag_records', records, { partition })
  }

  /** Ends after the chunk under way and leaves the group; what is not applied is read again by the next owner. */
  async close(): Promise<void> {
    this.#closed = true
    this.#unwatch()
    await this.#options.alongside?.stop()
    await this.#outdated?.stop()
    this.#closing.resolve()
    this.#wake()
    await this.#loop
    await this.#member?.close()
    this.#progress.close()
  }

  /** Those are read as they are, and written by nobody, until they are built. */
  #buildOutdated(outdated: readonly Projection[]): void {
    const { broker, clock, log, metrics, writer, builds, topic } = this.#options
    if (!builds || outdated.length === 0) return
    this.#outdated = new OutdatedViews({ broker, clock, log, metrics, writer, builds, topic })
    this.#outdated.start(outdated, () => {
      this.#mustReload = true
      this.#wake()
    })
  }

  #join(): Promise<GroupMember> {
    const { broker, topic, group, log } = this.#options
    return broker.join(
      { group, topics: [topic] },
      {
        assigned: (partition) => {
          this.#inTrouble = false
          this.#feeds.set(partition, new PartitionFeed(partition))
          this.#wake()
        },
        revoked: async (partition) => {
          this.#feeds.delete(partition)
          this.#progress.forget(partition)
          // Whoever has it now says how far it is.
          this.#gaugeLag(partition, 0)
          await this.#applying
        },
        records: (_, partition, records) => this.#take(partition, records),
        trouble: ({ code, message, retriable }) => {
          if (!retriable) this.#inTrouble = true
          log.error('the log cannot be read', { code, why: message })
        },
      },
    )
  }

  #take(partition: number, records: readonly LogRecord[]): void {
    const feed = this.#feeds.get(partition)
    if (!feed) return
    try {
      feed.read(records)
    } catch (error) {
      this.#halt(error)
      return
    }
    if (!feed.paused && this.#isFull(feed, 1)) {
      feed.paused = true
      this.#member?.pause(this.#options.topic, partition)
    }
    this.#settle(feed)
    this.#wake()
  }

  #halt(error: unknown): void {
    if (!(error instanceof OperationalError)) throw error
    if (this.#closed) return
    this.#closed = true
    this.#options.log.error('this version is older than the log: stopping', { error: error.message })
    this.#wake()
    void this.#loop.then(() => this.#halted.resolve(error))
  }

  async #run(member: GroupMember): Promise<void> {
    while (!this.#closed) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      if (this.#mustReload) {
        this.#mustReload = false
        for (const feed of this.#feeds.values()) feed.close()
      }
      try {
        const busy = (await this.#load(member)) || (await this.#step(member))
        this.#failures = 0
        if (!busy && !this.#closed) await woken
      } catch (error) {
        await this.#recover(error)
      }
    }
  }

  /** Opens the feeds that stand nowhere yet; answers whether there was one. */
  async #load(member: GroupMember): Promise<boolean> {
    const loading = [...this.#feeds.values()].filter((feed) => feed.status === 'loading')
    if (loading.length === 0) return false
    const { writer, projections, topic } = this.#options
    const partitions = loading.map((feed) => feed.partition)
    const checkpoints = await writer.checkpoints(projections, partitions)
    for (const feed of loading) {
      // It may have been lost, and assigned again, in the meantime.
      if (this.#feeds.get(feed.partition) !== feed) continue
      const from = feed.open(checkpoints.filter((checkpoint) => checkpoint.partition === feed.partition))
      member.open(topic, feed.partition, from)
      this.#settle(feed)
    }
    return true
  }

  /** Applies what has gathered; answers whether there was anything. */
  async #step(member: GroupMember): Promise<boolean> {
    if ([...this.#feeds.values()].every((feed) => feed.isEmpty)) return false
    await this.#pace()
    const taken = this.#gather(member)
    if (taken.length === 0) return true
    const applying = applyChunk(this.#options, taken)
    this.#applying = applying.catch(() => {})
    if ((await applying) === 'moved') {
      this.#options.log.warn('another projector was faster: the checkpoints are read again')
      this.#options.metrics.count('kasaga_projector_conflicts_total')
      for (const { feed } of taken) feed.close()
      return true
    }
    this.#trouble.over()
    for (const { feed, batches } of taken) {
      feed.inFlight = false
      this.#settle(feed)
      const { partition } = feed
      this.#options.metrics.count('kasaga_projector_batches_total', { partition }, batches.length)
      this.#options.metrics.count('kasaga_projector_void_batches_total', { partition }, feed.newlyVoid())
    }
    return true
  }

  /** Lets a chunk gather: see `chunkIntervalMs`. */
  async #pace(): Promise<void> {
    const { clock } = this.#options
    const waiting = [...this.#feeds.values()].reduce((sum, feed) => sum + feed.bufferedEvents, 0)
    const restMs = this.#appliedFrom + this.#limits.chunkIntervalMs - clock.now()
    if (restMs > 0 && waiting < this.#limits.chunkEventsMax) await this.#sleep(restMs)
    this.#appliedFrom = clock.now()
  }

  #sleep(delayMs: number): Promise<void> {
    return Promise.race([sleep(this.#options.clock, delayMs), this.#closing.promise])
  }

  #gather(member: GroupMember): Taken[] {
    const taken: Taken[] = []
    let { chunkEventsMax: room, chunkBytesMax: bytesRoom } = this.#limits
    // The one with most first: no partition starves, because what waits grows.
    for (const feed of [...this.#feeds.values()].sort((a, b) => b.bufferedEvents - a.bufferedEvents)) {
      if (room <= 0 || bytesRoom <= 0 || feed.isEmpty) continue
      const some = feed.take(room, bytesRoom)
      for (const { batch, bytes } of some) {
        room -= batch.events.length
        bytesRoom -= bytes
      }
      taken.push({ feed, batches: some.map(({ batch }) => batch) })
      if (!feed.paused || this.#isFull(feed, 1 / 2)) continue
      feed.paused = false
      member.resume(this.#options.topic, feed.partition)
    }
    return taken
  }

  #isFull({ bufferedEvents, bufferedBytes }: PartitionFeed, share: number): boolean {
    const { bufferedEventsMax, bufferedBytesMax } = this.#limits
    return bufferedEvents > bufferedEventsMax * share || bufferedBytes > bufferedBytesMax * share
  }

  /** Says how far the views are, once all are written: to the end of what was read when nothing waits, else to the lowest checkpoint. */
  #settle(feed: PartitionFeed): void {
    if (this.#outdated?.isBuilding) return
    if (this.#feeds.get(feed.partition) === feed && feed.status === 'open')
      this.#progress.set(feed.partition, feed.applied)
  }

  async #recover(error: unknown): Promise<void> {
    const { log, metrics } = this.#options
    const { retryDelayMinMs, retryDelayMaxMs } = this.#limits
    const delayMs = Math.min(retryDelayMaxMs, retryDelayMinMs * 2 ** Math.min(this.#failures++, 20))
    const code = error instanceof OperationalError ? error.code : 'bug'
    const fields = { code, why: messageOf(error), delayMs, error }
    if (error instanceof OperationalError) this.#trouble.met(code, fields)
    else log.error('the projector failed: starting over from the checkpoints', fields)
    metrics.count('kasaga_projector_failures_total', { code })
    for (const feed of this.#feeds.values()) feed.close()
    await this.#sleep(delayMs)
  }
}

/** Makes the tables that are missing; answers with the projections whose tables another version has made. */
async function prepare({ writer, builds, projections, clock }: ProjectorOptions): Promise<readonly Projection[]> {
  await writer.prepare([])
  const outdated = (await builds?.outdated(projections)) ?? []
  await builds?.prune(clock.now())
  await writer.prepare(projections.filter((own) => !outdated.includes(own)))
  return outdated
}

/** Two installations in one database would write each other's rows. */
async function checkTopic({ writer, topic }: ProjectorOptions): Promise<void> {
  const followed = await writer.follow(topic)
  if (followed === topic) return
  const message = `the views here follow ${followed}, not ${topic}: give each prefix a database or data folder of its own`
  throw new OperationalError('views-of-another-log', message, { where: 'projector', retriable: false })
}

/** Views that are further than the log are of another log, or the log has lost its end. */
async function checkLog(options: ProjectorOptions): Promise<void> {
  const { broker, writer, projections, topic, onShorterLog, log } = options
  const offsets = await broker.offsets(topic)
  const ends = new Map(offsets.map(({ partition, end }) => [partition, end]))
  const checkpoints = await writer.checkpoints(projections, [...ends.keys()])
  for (const projection of projections) {
    const own = checkpoints.filter((checkpoint) => checkpoint.projection === projection.name)
    const ahead = own.find(({ partition, nextOffset }) => nextOffset > (ends.get(partition) ?? 0n))
    if (!ahead) continue
    const why = `${projection.name} stands at offset ${ahead.nextOffset} of partition ${ahead.partition}, past the log's end`
    if (onShorterLog === 'refuse')
      throw new OperationalError('log-shorter-than-views', why, { where: 'projector', retriable: false })
    log.warn('the views are built anew from the log', { why })
    await writer.reset(projection)
  }
}
