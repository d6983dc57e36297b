/** Calls of several partitions before one gate, with a plain list beside them that says what the gate should do. */
import { expect } from 'vitest'
import { type Call, type Calls, type CallWatcher, rankOf } from '../../shared/flow/call.ts'
import { Gate } from '../../shared/flow/gate.ts'
import type { ParticipantLimits } from '../../shared/flow/limits.ts'
import { sagaId } from '../../shared/message/ids.ts'

export type Waiting = Pick<Call, 'key' | 'priority' | 'direction'>

class PlainCalls implements Calls {
  readonly all = new Set<Call>()
  watcher: CallWatcher | undefined

  watch(watcher: CallWatcher | undefined): void {
    this.watcher = watcher
    for (const call of this.all) if (watcher) call.status === 'held' ? watcher.held(call) : watcher.sent(call)
  }

  calls(): Iterable<Call> {
    return this.all
  }
}

const PARTICIPANT = 'payment'
/** Longer than a process takes to send all that it may. */
const RAMP_MS = 10_000

export class GateWorld {
  readonly gate: Gate
  now = 0
  readonly #books = new Map<number, PlainCalls>()
  readonly #attached = new Set<number>()
  readonly #partitions: number
  #limits: ParticipantLimits | undefined
  #calls = 0

  constructor(partitions: number, own: readonly number[] = Array.from({ length: partitions }, (_, i) => i)) {
    this.#partitions = partitions
    this.gate = new Gate({ partitions, now: () => this.now })
    for (const partition of own) this.come(partition)
  }

  come(partition: number): void {
    const book = this.#books.get(partition) ?? new PlainCalls()
    this.#books.set(partition, book)
    if (this.#attached.has(partition)) return
    this.#attached.add(partition)
    this.gate.attach(partition, book, () => {})
    this.now += RAMP_MS
  }

  leave(partition: number): void {
    this.#attached.delete(partition)
    this.gate.detach(partition)
  }

  limit(limits: ParticipantLimits | undefined): void {
    this.#limits = limits
    this.gate.setLimits(PARTICIPANT, limits)
    this.now += RAMP_MS
  }

  pass(ms: number): void {
    this.now += ms
  }

  hold(partition: number, { key, priority, direction }: Waiting): void {
    const book = this.#books.get(partition)
    if (!book) return
    const saga = sagaId(`s-${this.#calls++}`)
    const said = { saga, step: 'charge', direction, participant: PARTICIPANT, key, since: this.now, priority }
    const call: Call = { ...said, status: 'held', place: 'out', partition: -1, probe: undefined, turn: -1 }
    book.all.add(call)
    book.watcher?.held(call)
  }

  /** Does something to one of the calls that it can be done to. */
  touch(kind: 'send' | 'end' | 'fail' | 'turn-back', at: number): void {
    const fitting = this.#mine().filter((call) =>
      kind === 'send' ? call.place === 'granted' : kind === 'turn-back' || call.status === 'sent',
    )
    const call = fitting[at % Math.max(1, fitting.length)]
    if (!call) return
    if (kind === 'send') this.#send(call)
    else this.#end(call, kind === 'turn-back' ? undefined : kind === 'end')
  }

  get waiting(): readonly Call[] {
    return this.#mine().filter(({ place }) => place === 'waiting')
  }

  get granted(): number {
    return this.#mine().filter(({ place }) => place === 'granted').length
  }

  /** Pumps, and holds what was let go against what a plain list says. */
  pumpAgainstModel(): void {
    const waits = this.waiting.toSorted((a, b) => rankOf(a) - rankOf(b) || a.turn - b.turn)
    const busy = this.#mine().filter(({ place }) => place === 'granted' || place === 'sent')
    const expected: Call[] = []
    for (const call of waits) {
      const under = [...busy, ...expected]
      const ofKey = under.filter(({ key }) => key === call.key).length
      if (under.length < this.#concurrency() && (call.key === '' || ofKey < this.#keyConcurrency())) expected.push(call)
    }
    this.gate.pump()
    expect(waits.filter(({ place }) => place === 'granted')).toEqual(expected)
    expect(this.gate.gated?.has(PARTICIPANT) ?? false).toBe(
      this.#limits !== undefined || this.waiting.length + this.granted > 0,
    )
  }

  /** Sends all that may go, and lets all that was sent end, until nothing waits or nothing goes any more. */
  drain(): void {
    for (let i = 0; i < 5_000 && this.#mine().length > 0; i++) {
      this.gate.pump()
      const going = this.#mine().filter(({ place }) => place === 'granted' || place === 'sent')
      for (const call of going) {
        if (call.place === 'granted') this.#send(call)
        this.#end(call, true)
      }
      if (going.length > 0) continue
      const at = this.gate.readyAt()
      expect(at).toBeGreaterThan(this.now)
      this.now = at ?? this.now
    }
  }

  /** Sends whatever may go as soon as it may; answers when each was sent. */
  sentUntil(end: number): readonly number[] {
    const began = this.now
    const sent: number[] = []
    while (this.now - began <= end) {
      this.gate.pump()
      for (const call of this.#mine().filter(({ place }) => place === 'granted')) {
        this.#send(call)
        sent.push(this.now - began)
      }
      const at = this.gate.readyAt()
      if (at === undefined) break
      expect(at).toBeGreaterThan(this.now)
      this.now = at
    }
    return sent
  }

  #mine(): Call[] {
    return [...this.#attached].flatMap((partition) => [...(this.#books.get(partition)?.all ?? [])])
  }

  #concurrency(): number {
    const limit = this.#limits?.concurrency ?? Number.POSITIVE_INFINITY
    const part = (partition: number) =>
      Math.floor(((partition + 1) * limit) / this.#partitions) - Math.floor((partition * limit) / this.#partitions)
    if (!Number.isFinite(limit)) return limit
    return Math.max(
      1,
      [...this.#attached].reduce((sum, partition) => sum + part(partition), 0),
    )
  }

  #keyConcurrency(): number {
    const limit = this.#limits?.perKey?.concurrency ?? Number.POSITIVE_INFINITY
    return Math.max(1, Math.floor((limit * this.#attached.size) / this.#partitions))
  }

  #send(call: Call): void {
    call.status = 'sent'
    this.#books.get(call.partition)?.watcher?.sent(call)
  }

  #end(call: Call, worked: boolean | undefined): void {
    const book = this.#books.get(call.partition)
    book?.all.delete(call)
    book?.watcher?.ended(call, worked)
  }
}
