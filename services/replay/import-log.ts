/**
 * An exported log made into a data folder, on which an engine goes on. What is not in the file begins anew: views are built
 * from the log; participants have done nothing yet in this folder, and are given the commands that are in the file; inputs that
 * nobody had decided are not there, and the topics that they would come from go on behind what was.
 */
import type { ExportedLog } from '../../shared/adapters/exported-log/exported-log.ts'
import type { LogCopy } from '../../shared/adapters/sqlite/log-copy.ts'
import { BatchReader } from '../../shared/message/batch.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import { type KasagaTopics, kasagaTopics } from '../../shared/message/topics.ts'
import type { TopicSpec } from '../../shared/ports/broker.ts'
import { type ConsumedMarks, NOTHING_CONSUMED } from '../../shared/runtime/partition-state.ts'
import { topicSpecs } from '../../shared/runtime/topic-specs.ts'

export interface ImportResult {
  readonly prefix: string
  readonly records: number
  /** Inputs that had come and were not decided when it was exported: they are not in the file. */
  readonly undecided: number
}

export interface ImportOptions {
  readonly from: ExportedLog
  readonly to: LogCopy
  onProgress?(far: { readonly records: number; readonly recordsTotal: number }): void
}

/** Copies all that is in the file. @throws OperationalError when it is no whole log. */
export async function importLog(options: ImportOptions): Promise<ImportResult> {
  return new Importer(options).run()
}

class Importer {
  readonly #options: ImportOptions
  readonly #topics: KasagaTopics
  /** What the log says to be consumed, by partition. */
  readonly #marks = new Map<number, ConsumedMarks>()
  readonly #readers = new Map<number, BatchReader>()
  #records = 0

  constructor(options: ImportOptions) {
    this.#options = options
    this.#topics = kasagaTopics(options.from.head.prefix)
  }

  async run(): Promise<ImportResult> {
    const { from, to } = this.#options
    for (const spec of this.#specs()) to.createTopic(spec)
    for (const { topic, partition, start, without } of from.sections)
      if (!without) await this.#copy(topic, partition, start)
    return { prefix: from.head.prefix, records: this.#records, undecided: this.#beginInputs() }
  }

  /** Those of an installation, with as many partitions as the file has, and the participants that it has commands of. */
  #specs(): readonly TopicSpec[] {
    const { sections, head } = this.#options.from
    const counts = new Map<string, number>()
    for (const { topic, partition } of sections) counts.set(topic, Math.max(counts.get(topic) ?? 0, partition + 1))
    const partitions = counts.get(this.#topics.events)
    if (partitions === undefined) throw refused('it has no events')
    const participants = [...counts.keys()].filter((topic) => !Object.values({ ...this.#topics }).includes(topic))
    const own = topicSpecs(head.prefix, { partitions, participantPartitions: 1 }, [])
    const asked = participants.map((name): TopicSpec => ({ name, partitions: counts.get(name) ?? 1, retention: INPUT }))
    const deadLetters = counts.get(this.#topics.deadLetters)
    return [...own, ...asked].map((spec) =>
      spec.name === this.#topics.deadLetters && deadLetters ? { ...spec, partitions: deadLetters } : spec,
    )
  }

  async #copy(topic: string, partition: number, start: bigint): Promise<void> {
    const { from, to, onProgress } = this.#options
    const isLog = topic === this.#topics.events
    if (isLog && start > 0n && !this.#readers.has(partition)) throw refused(`${topic}/${partition} begins at ${start}`)
    const reader = this.#readers.get(partition) ?? new BatchReader(undefined, () => false)
    if (isLog) this.#readers.set(partition, reader)
    for await (const records of from.read(topic, partition, start)) {
      to.put({ topic, partition }, records)
      for (const record of isLog ? records : []) {
        const batch = reader.read(record)
        if (batch) this.#marks.set(partition, batch.header)
      }
      this.#records += records.length
      onProgress?.({ records: this.#records, recordsTotal: Math.max(this.#records, from.records) })
    }
  }

  /** The next inputs come just behind those that the log has taken. */
  #beginInputs(): number {
    const { from, to } = this.#options
    const timestamp = Date.parse(from.head.at)
    let undecided = 0n
    for (const source of ['commands', 'replies'] as const) {
      const topic = this.#topics[source]
      for (const { topic: named, partition, end } of from.sections) {
        if (named !== topic) continue
        const mark = (this.#marks.get(partition) ?? NOTHING_CONSUMED)[source]
        if (end > mark && from.head.saga === undefined) undecided += end - mark
        to.beginAt({ topic, partition }, mark, timestamp)
      }
    }
    return Number(undecided)
  }
}

/** As long as participants' topics of any home keep theirs. */
const INPUT = { days: 7 } as const

function refused(why: string): OperationalError {
  const message = `the file is no whole log that an engine could go on with: ${why}`
  return new OperationalError('not-a-whole-log', message, { where: 'import', retriable: false })
}
