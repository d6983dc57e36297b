/**
 * The gate of one process: which of the calls that wait for a participant go next, over all partitions that it owns.
 *
 *     a call:  waiting --there is room--> granted --its owner admits it--> sent --answered, failed, turned back--> (gone)
 *
 * Guarantees: no more calls than this process's part of the limits are granted or under way; of those that wait for one
 * participant the first in rank that its key lets go is granted first; where there is room and a call waits, one is granted.
 * It keeps nothing that the books of its partitions and time do not say, but for how participants have answered lately.
 */
import { assert } from '../message/errors.ts'
import type { BreakerStatus } from './breaker.ts'
import type { Call, Calls, CallWatcher } from './call.ts'
import { Lane, type Share } from './lane.ts'
import type { ParticipantLimits } from './limits.ts'

export interface GateOptions {
  /** Partitions of the whole installation. */
  readonly partitions: number
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** A breaker has changed. */
  readonly tell?: (participant: string, status: BreakerStatus, lane: Lane) => void
}

interface Station {
  readonly book: Calls
  /** Calls that may go, in the order in which they were granted; some may be gone by now. */
  granted: Call[]
  readonly wake: () => void
}

/** Partitions of one process come and go; its participants stay. */
export class Gate {
  readonly #options: GateOptions
  readonly #lanes = new Map<string, Lane>()
  readonly #stations = new Map<number, Station>()
  readonly #gated = new Set<string>()
  /** Lanes in which calls wait. */
  readonly #waiting = new Set<Lane>()
  #turns = 0

  constructor(options: GateOptions) {
    this.#options = options
  }

  /** Participants whose commands may not simply be sent; `undefined`: there is none. It changes under whoever keeps it. */
  get gated(): ReadonlySet<string> | undefined {
    return this.#gated.size === 0 ? undefined : this.#gated
  }

  /** Every participant that anything is known of. */
  get lanes(): ReadonlyMap<string, Lane> {
    return this.#lanes
  }

  /** Takes a partition in, with all that its book has. */
  attach(partition: number, book: Calls, wake: () => void): void {
    this.detach(partition)
    this.#stations.set(partition, { book, granted: [], wake })
    this.#share()
    const before = new Set(this.#waiting)
    book.watch(this.#watcherOf(partition))
    // What an owner before left waiting may wait for a participant that is down: it is not asked for all of it at once.
    for (const lane of this.#waiting) if (!before.has(lane) && !lane.isLimiting) lane.ramp(this.#options.now())
  }

  /** Lets a partition go: its calls are another's from here on. */
  detach(partition: number): void {
    const station = this.#stations.get(partition)
    if (!station) return
    const watcher = this.#watcherOf(partition)
    station.book.watch(undefined)
    for (const call of station.book.calls()) watcher.ended(call, undefined)
    this.#stations.delete(partition)
    this.#share()
  }

  /** `undefined`: none but those of a breaker as it is when nothing is said. */
  setLimits(participant: string, limits: ParticipantLimits | undefined): void {
    const lane = this.#lane(participant)
    const wasLimiting = lane.isLimiting
    lane.setLimits(limits, this.#ownShare())
    if (!lane.policy && lane.breaker.close()) this.#changed(lane, 'closed')
    if (wasLimiting && !lane.isLimiting && lane.lines.waiting > 0) lane.ramp(this.#options.now())
    this.#settle(lane)
  }

  /** Lets go what there is room for, and wakes the owners of it. */
  pump(): void {
    if (this.#waiting.size === 0) return
    const now = this.#options.now()
    const woken = new Set<Station>()
    for (const lane of [...this.#waiting]) {
      const before = lane.breaker.status
      for (let call = lane.grant(now); call; call = lane.grant(now)) {
        const station = this.#stations.get(call.partition)
        assert(station !== undefined, 'a call waits that is of no partition here')
        station.granted.push(call)
        woken.add(station)
      }
      if (lane.breaker.status !== before) this.#changed(lane, lane.breaker.status)
      this.#settle(lane)
    }
    for (const { wake } of woken) wake()
  }

  /** When `pump` may find room that comes by time alone, milliseconds since the epoch. */
  readyAt(): number | undefined {
    const now = this.#options.now()
    const times = [...this.#waiting].flatMap((lane) => lane.readyAt(now) ?? [])
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /** Calls of a partition that may go, the first ones first; they stay here until they are sent, gone or put aside. */
  granted(partition: number, max: number): readonly Call[] {
    const station = this.#stations.get(partition)
    if (!station || station.granted.length === 0) return NONE
    station.granted = station.granted.filter(({ place }) => place === 'granted')
    return station.granted.slice(0, max)
  }

  hasGranted(partition: number): boolean {
    return this.granted(partition, 1).length > 0
  }

  #lane(participant: string): Lane {
    const known = this.#lanes.get(participant)
    if (known) return known
    const lane = new Lane(participant)
    lane.setShare(this.#ownShare())
    this.#lanes.set(participant, lane)
    return lane
  }

  #ownShare(): Share {
    return { own: [...this.#stations.keys()], of: this.#options.partitions }
  }

  #share(): void {
    const share = this.#ownShare()
    for (const lane of this.#lanes.values()) lane.setShare(share)
  }

  #changed(lane: Lane, status: BreakerStatus): void {
    if (status === 'closed') lane.ramp(this.#options.now())
    this.#options.tell?.(lane.participant, status, lane)
  }

  /** Notes whether the participant is gated, and whether anyone waits for it. */
  #settle(lane: Lane): void {
    if (lane.isGated !== this.#gated.has(lane.participant)) {
      if (lane.isGated) this.#gated.add(lane.participant)
      else this.#gated.delete(lane.participant)
    }
    if (lane.lines.waiting > 0) this.#waiting.add(lane)
    else if (this.#waiting.size > 0) this.#waiting.delete(lane)
  }

  #watcherOf(partition: number): CallWatcher {
    const { now } = this.#options
    return {
      held: (call) => {
        const lane = this.#lane(call.participant)
        call.partition = partition
        // One that comes again keeps it: what is left of its last time still stands where that says.
        if (call.turn < 0) call.turn = this.#turns++
        lane.lines.add(call)
        this.#settle(lane)
      },
      sent: (call) => {
        const lane = this.#lane(call.participant)
        call.partition = partition
        lane.sent(call, now())
        this.#settle(lane)
      },
      ended: (call, worked) => {
        const lane = this.#lane(call.participant)
        const status = lane.leave(call, now(), worked)
        if (status) this.#changed(lane, status)
        this.#settle(lane)
      },
    }
  }
}

const NONE: readonly Call[] = []
