/**
 * The broker port over an exported log: what is in the file can be read, and nothing can be written or joined.
 *
 * The file is read once when it is opened, for its sections and whether it is whole; and then as it is asked for, forward.
 * Asked for in the order of the file, which is that of an audit, it is read once more and no line of it is kept.
 */
import { messageOf, OperationalError } from '../../message/errors.ts'
import type { LogRecord } from '../../message/record.ts'
import type { Broker, PartitionOffsets, TopicDescription } from '../../ports/broker.ts'
import {
  EXPORT_VERSION,
  type ExportHead,
  type ExportTail,
  isRecordLine,
  readMark,
  readRecord,
  type Section,
} from './export-lines.ts'
import { readLines } from './log-lines.ts'

interface PlacedSection extends Section {
  /** Number of the line after it. */
  readonly line: number
}

export class ExportedLog implements Broker {
  readonly head: ExportHead
  /** How many there are in all. */
  readonly records: number
  readonly #path: string
  readonly #sections: readonly PlacedSection[]
  #cursor: LineCursor

  private constructor(path: string, index: Index) {
    this.#path = path
    this.head = index.head
    this.records = index.records
    this.#sections = index.sections
    this.#cursor = new LineCursor(path)
  }

  /** What is in the file, in its order: what was appended while it was written stands in sections of its own. */
  get sections(): readonly Section[] {
    return this.#sections
  }

  /** @throws OperationalError `export-unreadable`: it is none, of a newer form, damaged, or cut short. */
  static async open(path: string): Promise<ExportedLog> {
    return new ExportedLog(path, await indexOf(path))
  }

  async *read(topic: string, partition: number, from: bigint): AsyncGenerator<readonly LogRecord[]> {
    const own = this.#expect(topic).filter((section) => section.partition === partition)
    const section = own.find(({ start, end }) => from >= start && from < end)
    if (!section || section.without) return
    if (this.#cursor.line > section.line) {
      await this.#cursor.close()
      this.#cursor = new LineCursor(this.#path)
    }
    for await (const { lines, at } of this.#cursor.recordsFrom(section.line)) {
      const records = lines.map((line, i) => this.#record(line, section, at + i))
      const wanted = records.filter(({ offset }) => offset >= from)
      if (wanted.length > 0) yield wanted
    }
  }

  #record(line: string, section: Section, at: number): LogRecord {
    try {
      return readRecord(line, section)
    } catch (error) {
      throw unreadable(this.#path, at, messageOf(error))
    }
  }

  async offsets(topic: string): Promise<readonly PartitionOffsets[]> {
    const found = new Map<number, PartitionOffsets>()
    // What was appended while it was exported stands in a section of its own, and is not asked for here.
    for (const { partition, start, end } of this.#expect(topic))
      if (!found.has(partition)) found.set(partition, { partition, start, end })
    return [...found.values()]
  }

  async partitions(topic: string): Promise<number> {
    return (await this.offsets(topic)).length
  }

  async describeTopics(names: readonly string[]): Promise<readonly TopicDescription[]> {
    const known = names.filter((name) => this.#of(name).length > 0)
    return Promise.all(known.map(async (name) => ({ name, partitions: await this.partitions(name) })))
  }

  append(): Promise<never> {
    return Promise.reject(readOnly(this.#path))
  }

  join(): Promise<never> {
    return Promise.reject(readOnly(this.#path))
  }

  createTopics(): Promise<never> {
    return Promise.reject(readOnly(this.#path))
  }

  close(): Promise<void> {
    return this.#cursor.close()
  }

  #of(topic: string): readonly PlacedSection[] {
    return this.#sections.filter((section) => section.topic === topic)
  }

  #expect(topic: string): readonly PlacedSection[] {
    const own = this.#of(topic)
    if (own.length > 0) return own
    throw new OperationalError('topic-missing', `${this.#path} has no topic ${topic}`, {
      where: 'exported-log',
      retriable: false,
    })
  }
}

interface Index {
  readonly head: ExportHead
  readonly records: number
  readonly sections: readonly PlacedSection[]
}

/** Reads the file once: its sections, and whether it is whole. */
async function indexOf(path: string): Promise<Index> {
  let head: ExportHead | undefined
  let tail: ExportTail | undefined
  const sections: PlacedSection[] = []
  let [line, records] = [0, 0]
  const take = (text: string) => {
    line++
    if (tail) throw unreadable(path, line, 'something follows its end')
    if (isRecordLine(text)) {
      records++
      return
    }
    const mark = markOf(path, text, line)
    if ('kasaga' in mark) head = expectKnown(path, mark)
    else if (!head) throw unreadable(path, line, 'it does not begin as an exported log does')
    else if ('records' in mark) tail = mark
    else sections.push({ ...mark, line: line + 1 })
  }
  for await (const lines of readLines(path)) for (const text of lines) take(text)
  if (!head) throw unreadable(path, line, 'it does not begin as an exported log does')
  const { records: said } = tail ?? { records: undefined }
  if (said !== records)
    throw unreadable(path, line, `it is not whole: ${records} records of ${said ?? 'an unknown number'}`)
  return { head, sections, records }
}

function markOf(path: string, text: string, line: number): ReturnType<typeof readMark> {
  try {
    return readMark(text)
  } catch (error) {
    throw unreadable(path, line, messageOf(error))
  }
}

function expectKnown(path: string, head: ExportHead): ExportHead {
  if (head.version <= EXPORT_VERSION) return head
  throw unreadable(path, 1, `it is of form ${head.version}, written by version ${head.engine}: run that version`)
}

/** Lines of the file from where it stands, forward. */
class LineCursor {
  /** Number of the next line, from 1. */
  line = 1
  readonly #lines: AsyncGenerator<readonly string[]>
  #rest: readonly string[] = []

  constructor(path: string) {
    this.#lines = readLines(path)
  }

  /** Lines of records from that one on, some at a time, with the number of the first; up to the next line that is none. */
  async *recordsFrom(line: number): AsyncGenerator<{ readonly lines: readonly string[]; readonly at: number }> {
    for (;;) {
      if (this.#rest.length === 0) {
        const next = await this.#lines.next()
        if (next.done) return
        this.#rest = next.value
      }
      this.#skip(line - this.line)
      if (this.#rest.length === 0) continue
      const ends = this.#rest.findIndex((text) => !isRecordLine(text))
      if (ends === 0) return
      const lines = ends < 0 ? this.#rest : this.#rest.slice(0, ends)
      const at = this.line
      this.#skip(lines.length)
      yield { lines, at }
    }
  }

  #skip(count: number): void {
    const skipped = Math.min(this.#rest.length, Math.max(0, count))
    this.#rest = this.#rest.slice(skipped)
    this.line += skipped
  }

  async close(): Promise<void> {
    await this.#lines.return(undefined)
  }
}

function unreadable(path: string, line: number, why: string): OperationalError {
  const message = `${path} is no exported log that can be read: line ${line}: ${why}`
  return new OperationalError('export-unreadable', message, { where: 'exported-log', retriable: false })
}

function readOnly(path: string): OperationalError {
  return new OperationalError('read-only', `${path} can only be read`, { where: 'exported-log', retriable: false })
}
