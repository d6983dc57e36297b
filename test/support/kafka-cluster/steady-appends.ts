/**
 * One writer for each partition of a topic, that appends record after record while brokers come and go, and keeps what
 * it was answered. Every try has a value of its own, so that the log says what became of each.
 */
import { expect } from 'vitest'
import type { AppendResult, Broker } from '../../../shared/ports/broker.ts'
import { readAll, record, textOf } from '../../contract/broker/support.ts'

const AFTER_FAILURE_MS = 50
const BETWEEN_APPENDS_MS = 5
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

interface Written {
  /** Value of what was acknowledged, by the offset that was named. */
  readonly acknowledged: Map<bigint, string>
  readonly refused: Set<string>
  readonly unknown: Set<string>
  /** Codes of the errors, for people. */
  readonly codes: Map<string, number>
  longestWaitMs: number
}

export class SteadyAppends {
  readonly #broker: Broker
  readonly #topic: string
  readonly #written: readonly Written[]
  readonly #running: Promise<unknown>
  #over = false

  constructor(broker: Broker, topic: string, partitions: number) {
    this.#broker = broker
    this.#topic = topic
    this.#written = Array.from({ length: partitions }, () => ({
      acknowledged: new Map(),
      refused: new Set(),
      unknown: new Set(),
      codes: new Map(),
      longestWaitMs: 0,
    }))
    this.#running = Promise.all(this.#written.map((written, partition) => this.#write(written, partition)))
  }

  get acknowledged(): readonly number[] {
    return this.#written.map(({ acknowledged }) => acknowledged.size)
  }

  /** Longest time between two acknowledgements of one partition. */
  get longestWaitMs(): number {
    return Math.max(...this.#written.map(({ longestWaitMs }) => longestWaitMs))
  }

  get codes(): Record<string, number> {
    const all = new Map<string, number>()
    for (const { codes } of this.#written)
      for (const [code, count] of codes) all.set(code, (all.get(code) ?? 0) + count)
    return Object.fromEntries(all)
  }

  /** Every partition acknowledges again. */
  async goesOn(withinMs: number): Promise<void> {
    const before = this.acknowledged
    const on = () => this.acknowledged.every((count, partition) => count > (before[partition] ?? 0))
    await expect.poll(on, { timeout: withinMs, interval: 20 }).toBe(true)
  }

  async end(): Promise<void> {
    this.#over = true
    await this.#running
  }

  /** Reads the log and compares it with the answers. Answers the values of each partition, in order. */
  async check(): Promise<readonly string[][]> {
    return Promise.all(this.#written.map((written, partition) => this.#checkPartition(written, partition)))
  }

  async #write(written: Written, partition: number): Promise<void> {
    let lastAt = Date.now()
    for (let tries = 0; !this.#over; tries++) {
      const value = `${partition}.${tries}`
      const [result] = await this.#broker.append([{ topic: this.#topic, partition, records: [record(value)] }])
      keep(written, value, result)
      if (result?.kind === 'appended') {
        written.longestWaitMs = Math.max(written.longestWaitMs, Date.now() - lastAt)
        lastAt = Date.now()
      }
      await pause(result?.kind === 'appended' ? BETWEEN_APPENDS_MS : AFTER_FAILURE_MS)
    }
  }

  async #checkPartition(written: Written, partition: number): Promise<string[]> {
    const log = await readAll(this.#broker, this.#topic, partition)
    const values = log.map(({ value }) => textOf(value) ?? '')
    const at = new Map(log.map(({ offset }, i) => [offset, values[i]]))
    // What was acknowledged is where it was said to be, and nothing else is there.
    const moved = [...written.acknowledged].filter(([offset, value]) => at.get(offset) !== value)
    expect(moved).toEqual([])
    // Nothing stands twice, what was refused not at all, and the rest was left open.
    expect(new Set(values).size).toBe(values.length)
    const told = new Set(written.acknowledged.values())
    expect(values.filter((value) => !told.has(value) && !written.unknown.has(value))).toEqual([])
    // One append follows on the other.
    const order = values.map((value) => Number(value.split('.')[1]))
    expect(order).toEqual(order.toSorted((a, b) => a - b))
    return values
  }
}

function keep(written: Written, value: string, result: AppendResult | undefined): void {
  if (result?.kind === 'appended') {
    written.acknowledged.set(result.baseOffset, value)
    return
  }
  const open = result?.kind === 'refused' ? written.refused : written.unknown
  open.add(value)
  const code = `${result?.kind} ${result?.error.code}`
  written.codes.set(code, (written.codes.get(code) ?? 0) + 1)
}
