/**
 * Writes an installation's log as lines, to be looked at and audited elsewhere. It may go on meanwhile.
 *
 * In an order in which what happens meanwhile does no harm: the log, up to where it ended when it was begun with; then how far
 * the inputs go, the participants' commands and the dead letters, which can only be further; and last what the log has
 * got since, for commands that the first part does not know.
 */
import { H } from '../../message/headers.ts'
import { headerOf, type LogRecord, utf8 } from '../../message/record.ts'
import { type KasagaTopics, kasagaTopics, participantTopic } from '../../message/topics.ts'
import type { Broker } from '../../ports/broker.ts'
import { EXPORT_VERSION, type ExportHead, recordLine, type Section, sectionLine } from './export-lines.ts'

export interface ExportOptions {
  readonly broker: Broker
  readonly prefix: string
  readonly engine: string
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Whether the participants' commands come along: as much again as the log. */
  readonly commands: boolean
  onProgress?(progress: { readonly records: number; readonly recordsTotal: number }): void
}

/** Types, of whichever format, of events that ask a participant for something. */
const ASKS = /^kasaga\.(step|compensation)-requested\.v/

/** Lines without their ends. */
export async function* exportLog(options: ExportOptions): AsyncGenerator<string> {
  yield* new Exporter(options).lines()
}

class Exporter {
  readonly #options: ExportOptions
  readonly #topics: KasagaTopics
  readonly #participants = new Set<string>()
  #records = 0
  #total = 0

  constructor(options: ExportOptions) {
    this.#options = options
    this.#topics = kasagaTopics(options.prefix)
  }

  async *lines(): AsyncGenerator<string> {
    const { prefix, engine, now, commands } = this.#options
    const at = new Date(now).toISOString()
    yield JSON.stringify({ kasaga: 'log', version: EXPORT_VERSION, prefix, engine, at } satisfies ExportHead)
    const log = await this.#sections(this.#topics.events)
    this.#total = log.reduce((sum, { start, end }) => sum + Number(end - start), 0)
    for (const section of log) yield* this.#section(section)
    for (const input of [this.#topics.commands, this.#topics.replies])
      for (const section of await this.#sections(input)) yield sectionLine({ ...section, without: true })
    const more = [this.#topics.deadLetters, ...(commands ? [...this.#participants].map(participantTopic) : [])]
    for (const topic of more) for (const section of await this.#sections(topic)) yield* this.#section(section)
    for (const { partition, end: start } of log) {
      const since = (await this.#sections(this.#topics.events)).find((one) => one.partition === partition)
      if (since && since.end > start) yield* this.#section({ ...since, start })
    }
    yield JSON.stringify({ records: this.#records })
  }

  async #sections(topic: string): Promise<Section[]> {
    const { broker } = this.#options
    const [found] = await broker.describeTopics([topic])
    if (!found) return []
    const offsets = await broker.offsets(topic)
    return offsets.map(({ partition, start, end }) => ({ topic, partition, start, end, without: false }))
  }

  async *#section(section: Section): AsyncGenerator<string> {
    const { topic, partition, start, end } = section
    yield sectionLine(section)
    for await (const records of this.#options.broker.read(topic, partition, start)) {
      for (const record of records) {
        if (record.offset >= end) return
        this.#note(record)
        yield recordLine(record)
      }
      this.#options.onProgress?.({ records: this.#records, recordsTotal: Math.max(this.#total, this.#records) })
    }
  }

  #note(record: LogRecord): void {
    this.#records++
    if (!this.#options.commands || !ASKS.test(headerOf(record, H.type) ?? '')) return
    const participant = participantIn(record)
    if (participant !== undefined) this.#participants.add(participant)
  }
}

/** The participant that an event asks, if it does. What stands in a log may be anything. */
export function participantIn({ value }: LogRecord): string | undefined {
  try {
    const { participant, child, lock } = JSON.parse(value === null ? '' : (utf8(value) ?? ''))
    return typeof participant === 'string' && child === undefined && lock === undefined ? participant : undefined
  } catch {
    return undefined
  }
}
