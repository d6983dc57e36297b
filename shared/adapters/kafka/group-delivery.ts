/**
 * Delivers records of the partitions that a member holds, each from its own offset.
 *
 *     (not held) ── hold ──▶ held ── open ──▶ open ◀── pause, resume ──▶ paused
 *         ▲                                    │ offset out of range, topic gone, undecodable
 *         └───────────── drop ─────────────────┴──▶ stopped ── open ──▶ open
 *
 * One runner for each node that leads some open partition asks it for all of them in one request, delivers, and asks
 * again. Every open starts a new epoch, and an answer to a request of an older epoch is thrown away: so nothing that
 * was fetched before is delivered. Every request has a time limit, so a runner cannot hang.
 */
import { messageOf, type OperationalError } from '../../message/errors.ts'
import type { GroupListener } from '../../ports/broker.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { ClusterLink } from './cluster-link.ts'
import { type FetchAnswer, type FetchPart, fetchCall } from './fetch-request.ts'
import { brokerError, classify } from './kafka-errors.ts'
import { decodeRecords } from './record-batch-decoder.ts'

/**
 * A partition that is opened or resumed waits for a request under way, so that one must be short. A partition's share
 * of the answer is more than the largest batch.
 */
const FETCH = { waitMs: 100, answerMs: 10_000, bytesMax: 8_000_000, partitionBytesMax: 2_097_152 }
const FAILURE_PAUSE_MIN_MS = 50
const FAILURE_PAUSE_MAX_MS = 1_000
/** A topic may seem gone for a moment while its partitions move. */
const MISSING_ANSWERS_MAX = 10

interface Reading {
  readonly topic: string
  readonly partition: number
  next: bigint
  epoch: number
  missingAnswers: number
  state: 'open' | 'paused' | 'stopped'
}

interface Asked extends FetchPart {
  readonly reading: Reading
  readonly epoch: number
}

export class GroupDelivery {
  readonly #link: ClusterLink
  readonly #listener: GroupListener
  readonly #log: Log
  readonly #held = new Set<number>()
  readonly #readings = new Map<string, Reading>()
  readonly #runners = new Map<number, Promise<void>>()
  #requests = 0
  #locating = false
  #closed = false

  constructor(link: ClusterLink, listener: GroupListener, log: Log) {
    this.#link = link
    this.#listener = listener
    this.#log = log
  }

  hold(partition: number): void {
    this.#held.add(partition)
  }

  /** Nothing of the partition is delivered from here on. */
  drop(partition: number): void {
    this.#held.delete(partition)
    for (const [key, reading] of this.#readings) if (reading.partition === partition) this.#readings.delete(key)
  }

  open(topic: string, partition: number, from: bigint): void {
    if (!this.#held.has(partition)) return
    const key = `${partition}/${topic}`
    const epoch = (this.#readings.get(key)?.epoch ?? 0) + 1
    this.#readings.set(key, { topic, partition, next: from, epoch, missingAnswers: 0, state: 'open' })
    this.#run()
  }

  pause(topic: string, partition: number): void {
    const reading = this.#readings.get(`${partition}/${topic}`)
    if (reading?.state === 'open') reading.state = 'paused'
  }

  resume(topic: string, partition: number): void {
    const reading = this.#readings.get(`${partition}/${topic}`)
    if (reading?.state !== 'paused') return
    reading.state = 'open'
    this.#run()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#readings.clear()
    await Promise.all(this.#runners.values())
  }

  /** Sees to it that every node with an open partition has a runner. */
  #run(): void {
    if (this.#closed) return
    for (const { topic, partition, state } of this.#readings.values()) {
      if (state !== 'open') continue
      const nodeId = this.#leader(topic, partition)
      if (nodeId === undefined) void this.#locate()
      else if (!this.#runners.has(nodeId)) this.#runners.set(nodeId, this.#runner(nodeId))
    }
  }

  #leader(topic: string, partition: number): number | undefined {
    return this.#link.knownPartitions(topic) === undefined ? undefined : this.#link.leader(topic, partition)
  }

  /** Learns the leaders of all open partitions, for as long as it takes; those that have one are read meanwhile. */
  async #locate(): Promise<void> {
    if (this.#locating) return
    this.#locating = true
    for (let failures = 0; !this.#closed; failures++) {
      const wanted = [...this.#readings.values()].filter(({ state }) => state === 'open')
      for (const reading of wanted)
        await this.#link.partitions(reading.topic).catch((error) => this.#lost(reading, error))
      const open = wanted.filter(({ state }) => state === 'open')
      if (open.every(({ topic, partition }) => this.#leader(topic, partition) !== undefined)) break
      this.#run()
      await pauseAfter(failures)
      this.#link.distrust()
    }
    this.#locating = false
    this.#run()
  }

  async #runner(nodeId: number): Promise<void> {
    // Not in the caller's turn, so that partitions opened together are asked for together.
    await new Promise((resolve) => setImmediate(resolve))
    let failures = 0
    while (!this.#closed) {
      const asked = this.#askedOf(nodeId)
      if (asked.length === 0) break
      try {
        const node = await this.#link.node(nodeId)
        const answers = await node.connectionPool.send(fetchCall(asked, FETCH))
        failures = this.#take(asked, answers) ? 0 : failures + 1
      } catch (error) {
        failures++
        this.#link.distrust()
        this.#log.debug('a fetch failed', { node: nodeId, failures, error: messageOf(error) })
        await this.#disconnect(nodeId)
      }
      if (failures > 0) await pauseAfter(failures)
    }
    this.#runners.delete(nodeId)
    this.#run()
  }

  #askedOf(nodeId: number): Asked[] {
    const asked: Asked[] = []
    for (const reading of this.#readings.values()) {
      const { topic, partition, next, epoch, state } = reading
      if (state !== 'open' || this.#leader(topic, partition) !== nodeId) continue
      asked.push({ topic, partition, from: next, reading, epoch })
    }
    // In turn, since a broker fills its answer in the order asked, and the last ones may get nothing.
    const first = asked.length === 0 ? 0 : this.#requests++ % asked.length
    return [...asked.slice(first), ...asked.slice(0, first)]
  }

  /** Whether every partition was answered well. */
  #take(asked: readonly Asked[], answers: readonly FetchAnswer[]): boolean {
    let well = answers.length > 0
    for (const answer of answers) {
      const ask = asked.find(({ topic, partition }) => partition === answer.partition && topic === answer.topic)
      if (ask === undefined || !this.#isCurrent(ask)) continue
      if (answer.errorCode !== 0) {
        well = false
        this.#lost(ask.reading, brokerError(answer.errorCode, `reading ${ask.topic}-${ask.partition} at ${ask.from}`))
      } else this.#deliver(ask, answer)
    }
    return well
  }

  #isCurrent({ reading, epoch, topic, partition }: Asked): boolean {
    const now = this.#readings.get(`${partition}/${topic}`)
    return now === reading && reading.epoch === epoch && reading.state === 'open'
  }

  #deliver({ reading, topic, partition, from }: Asked, answer: FetchAnswer): void {
    reading.missingAnswers = 0
    if (answer.bytes.length === 0) return
    try {
      const { records, next } = decodeRecords({ topic, partition, from, aborted: answer.aborted, bytes: answer.bytes })
      reading.next = next
      if (records.length > 0) this.#listener.records(topic, partition, records)
    } catch (error) {
      this.#stop(reading, classify(error, `reading ${topic}-${partition} at ${from}`))
    }
  }

  /** Trouble that passes is waited out; the rest stops the partition, so that no record is skipped silently. */
  #lost(reading: Reading, error: unknown): void {
    const known = classify(error, `reading ${reading.topic}-${reading.partition}`)
    this.#link.distrust()
    if (known.code === 'topic-missing' && ++reading.missingAnswers < MISSING_ANSWERS_MAX) return
    if (!known.retriable) this.#stop(reading, known)
  }

  #stop(reading: Reading, error: OperationalError): void {
    reading.state = 'stopped'
    this.#listener.trouble(error)
  }

  async #disconnect(nodeId: number): Promise<void> {
    // After a time limit the connection is not trusted any more; kafkajs would keep it.
    const node = await this.#link.node(nodeId).catch(() => undefined)
    await node?.disconnect().catch(() => {})
  }
}

function pauseAfter(failures: number): Promise<void> {
  const pauseMs = Math.min(FAILURE_PAUSE_MIN_MS * 2 ** Math.min(failures, 10), FAILURE_PAUSE_MAX_MS)
  return new Promise((resolve) => setTimeout(resolve, pauseMs))
}
