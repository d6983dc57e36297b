/**
 * Appends record batches, with a result for each.
 *
 *     waiting ── its partition is free and its leader known ──▶ sent ──▶ appended | refused | unknown
 *        └── its topic or partition is not there ──▶ refused
 *
 * A partition has one batch out at a time, the next goes when the answer is there: so they are stored in the order of
 * the calls. One request carries a batch of every partition that is ready. Nothing is ever sent twice. When a request
 * ends without an answer its batches are `unknown`, and later ones go over new connections.
 */
import { assert, OperationalError } from '../../message/errors.ts'
import type { NewRecord } from '../../message/record.ts'
import { contentBytes, contentBytesBound } from '../../message/record-bytes.ts'
import { type AppendBatch, type AppendResult, RECORD_BYTES_MAX } from '../../ports/broker.ts'
import type { ClusterLink } from './cluster-link.ts'
import { brokerError, classify, isRefusal, nodeError } from './kafka-errors.ts'
import { type ProduceAnswer, type ProducePart, produceCall } from './produce-request.ts'
import { encodeRecordBatch } from './record-batch-encoder.ts'

const REQUESTS_OUT_MAX = 2
const REQUEST_BYTES_MAX = 8_000_000
const REPLICAS_MS = 10_000
const ANSWER_MS = 15_000

interface Waiting {
  readonly batch: AppendBatch
  readonly answer: (result: AppendResult) => void
}

interface Lane {
  readonly topic: string
  readonly partition: number
  readonly waiting: Waiting[]
  busy: boolean
}

interface Sending extends ProducePart {
  readonly lane: Lane
  readonly waiting: Waiting
}

export class Appender {
  readonly #open: () => ClusterLink
  readonly #now: () => number
  readonly #lanes = new Map<string, Lane>()
  readonly #requestsOut = new Map<number, number>()
  readonly #retired = new Map<ClusterLink, number>()
  #link: ClusterLink
  #scheduled = false
  #closed = false

  constructor(open: () => ClusterLink, now: () => number) {
    this.#open = open
    this.#now = now
    this.#link = open()
  }

  append(batch: AppendBatch): Promise<AppendResult> {
    assert(batch.records.length > 0, 'an append has at least one record')
    if (this.#closed) return Promise.resolve(refused('broker-closed', 'the broker has been closed'))
    if (batch.records.some(isTooLarge)) {
      return Promise.resolve(refused('record-too-large', `a record has more than ${RECORD_BYTES_MAX} bytes`))
    }
    return new Promise((answer) => {
      this.#lane(batch).waiting.push({ batch, answer })
      this.#schedule()
    })
  }

  /** Refuses what has not been sent, waits for what has. */
  async close(): Promise<void> {
    this.#closed = true
    for (const lane of this.#lanes.values()) {
      for (const { answer } of lane.waiting.splice(0)) answer(refused('broker-closed', 'the broker has been closed'))
    }
    const deadline = Date.now() + ANSWER_MS
    while ([...this.#requestsOut.values()].some((out) => out > 0) && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await this.#link.close()
  }

  #lane({ topic, partition }: AppendBatch): Lane {
    const key = `${partition}/${topic}`
    const lane = this.#lanes.get(key) ?? { topic, partition, waiting: [], busy: false }
    this.#lanes.set(key, lane)
    return lane
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    // After the calls of this turn, so that they share a request.
    setImmediate(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    const ready = new Map<number, Lane[]>()
    for (const [key, lane] of this.#lanes) {
      if (lane.busy) continue
      if (lane.waiting.length === 0) {
        this.#lanes.delete(key)
        continue
      }
      const leader = this.#leader(lane)
      if (leader === undefined) void this.#resolve(lane)
      else ready.set(leader, [...(ready.get(leader) ?? []), lane])
    }
    for (const [nodeId, lanes] of ready) this.#sendTo(nodeId, lanes)
  }

  #leader(lane: Lane): number | undefined {
    if (this.#link.knownPartitions(lane.topic) === undefined) return undefined
    return this.#link.leader(lane.topic, lane.partition)
  }

  /** Learns where a partition is; what cannot be learnt is the answer to the batch that waits first. */
  async #resolve(lane: Lane): Promise<void> {
    lane.busy = true
    const link = this.#link
    try {
      const partitions = await link.partitions(lane.topic)
      const { topic, partition } = lane
      if (partition < 0 || partition >= partitions) throw missing(topic, partition)
      if (link.leader(topic, partition) === undefined) throw leaderless(link, topic, partition)
    } catch (error) {
      const known = classify(error, `finding ${lane.topic}-${lane.partition}`)
      lane.waiting.shift()?.answer(failed(known))
      if (known.code === 'broker-unreachable' || known.code === 'broker-timeout') this.#retire(link)
    } finally {
      lane.busy = false
      this.#schedule()
    }
  }

  #sendTo(nodeId: number, lanes: readonly Lane[]): void {
    const out = this.#requestsOut.get(nodeId) ?? 0
    if (out >= REQUESTS_OUT_MAX) return
    const parts: Sending[] = []
    let bytes = 0
    for (const lane of lanes) {
      const waiting = lane.waiting[0]
      if (waiting === undefined || bytes >= REQUEST_BYTES_MAX) break
      const batch = encodeRecordBatch(waiting.batch.records, this.#now())
      lane.waiting.shift()
      lane.busy = true
      bytes += batch.length
      parts.push({ topic: lane.topic, partition: lane.partition, batch, lane, waiting })
    }
    this.#requestsOut.set(nodeId, out + 1)
    void this.#send(nodeId, parts)
  }

  async #send(nodeId: number, parts: readonly Sending[]): Promise<void> {
    const link = this.#link
    this.#retired.set(link, (this.#retired.get(link) ?? 0) + 1)
    try {
      const node = await link.node(nodeId)
      const call = produceCall(parts, { replicasMs: REPLICAS_MS, answerMs: ANSWER_MS })
      settle(parts, await node.connectionPool.send(call), link)
    } catch (error) {
      const known = classify(error, `appending to node ${nodeId}`)
      for (const { waiting } of parts) waiting.answer({ kind: 'unknown', error: known })
      this.#retire(link)
    } finally {
      for (const { lane } of parts) lane.busy = false
      this.#requestsOut.set(nodeId, (this.#requestsOut.get(nodeId) ?? 1) - 1)
      this.#release(link)
      this.#schedule()
    }
  }

  /** New requests take new connections; the old ones go when the last request on them has ended. */
  #retire(link: ClusterLink): void {
    if (this.#link !== link) return
    this.#link = this.#open()
    if (!this.#retired.has(link)) void link.close().catch(() => {})
  }

  #release(link: ClusterLink): void {
    const left = (this.#retired.get(link) ?? 1) - 1
    if (left > 0) this.#retired.set(link, left)
    else this.#retired.delete(link)
    if (left === 0 && this.#link !== link) void link.close().catch(() => {})
  }
}

function settle(parts: readonly Sending[], answers: readonly ProduceAnswer[], link: ClusterLink): void {
  for (const { topic, partition, waiting } of parts) {
    const answer = answers.find((one) => one.partition === partition && one.topic === topic)
    if (answer?.errorCode === 0) waiting.answer({ kind: 'appended', baseOffset: answer.baseOffset })
    else {
      link.distrust()
      waiting.answer(failed(answer === undefined ? unanswered(topic, partition) : errorOf(answer)))
    }
  }
}

function errorOf({ errorCode, topic, partition }: ProduceAnswer): OperationalError {
  const what = `an append to ${topic}-${partition}`
  return nodeError(brokerError(errorCode, what), what)
}

function failed(error: OperationalError): AppendResult {
  return { kind: isRefusal(error) ? 'refused' : 'unknown', error }
}

/** Measured only where it may be. */
function isTooLarge(record: NewRecord): boolean {
  return contentBytesBound(record) > RECORD_BYTES_MAX && contentBytes(record) > RECORD_BYTES_MAX
}

function refused(code: string, message: string): AppendResult {
  return { kind: 'refused', error: new OperationalError(code, message, { where: 'kafka', retriable: false }) }
}

function unanswered(topic: string, partition: number): OperationalError {
  const message = `the answer to an append leaves ${topic}-${partition} out`
  return new OperationalError('answer-missing', message, { where: 'kafka', retriable: true })
}

function missing(topic: string, partition: number): OperationalError {
  const message = `there is no partition ${partition} of ${topic}`
  return new OperationalError('partition-missing', message, { where: 'kafka', retriable: false })
}

function leaderless(link: ClusterLink, topic: string, partition: number): OperationalError {
  link.distrust()
  const message = `${topic}-${partition} has no leader now`
  return new OperationalError('leader-missing', message, { where: 'kafka', retriable: true })
}
