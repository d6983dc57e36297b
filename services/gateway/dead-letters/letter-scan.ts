/** What stands in the topic of dead letters: letters, and notes of those that were put back. Records are not kept. */
import type { LogRecord } from '../../../shared/message/record.ts'
import {
  type DeadLetter,
  type LetterPlace,
  letterOf,
  noteOf,
  placeText,
  type RedriveNote,
} from '../../../shared/message/redrive.ts'
import type { Broker } from '../../../shared/ports/broker.ts'

export interface SeenLetter extends DeadLetter {
  /** Absent: it was not put back. */
  readonly redriven?: RedriveNote
}

/** What one partition of the topic has. */
export interface PartitionLetters {
  /** In the order that was asked for. */
  readonly letters: readonly SeenLetter[]
  readonly records: number
  readonly hasOlder: boolean
}

/** Where the letters are. */
export interface LetterTopic {
  readonly broker: Pick<Broker, 'read' | 'offsets'>
  readonly topic: string
}

export interface ScanOptions {
  /** Of each partition its newest so many are read. */
  readonly recordsMax: number
  readonly order: 'newest' | 'oldest'
}

/**
 * The newest records of each partition, one partition at a time: no more than that is in memory. A note may stand there whose
 * letter does not; the note of a letter always stands in its own partition, behind it.
 */
export async function* newestLetters(
  { broker, topic }: LetterTopic,
  { recordsMax, order }: ScanOptions,
): AsyncGenerator<PartitionLetters> {
  const partitions = (await broker.offsets(topic)).toSorted((a, b) => a.partition - b.partition)
  for (const { partition, start, end } of order === 'oldest' ? partitions : partitions.reverse()) {
    const from = end - start > BigInt(recordsMax) ? end - BigInt(recordsMax) : start
    const { letters, notes, records } = await seenIn(broker.read(topic, partition, from))
    const seen = letters.map((letter) => withNote(letter, notes))
    yield { letters: order === 'oldest' ? seen : seen.reverse(), records, hasOlder: from > start }
  }
}

async function seenIn(source: AsyncIterable<readonly LogRecord[]>) {
  const letters: DeadLetter[] = []
  const notes = new Map<string, RedriveNote>()
  let records = 0
  for await (const some of source)
    for (const record of some) {
      records++
      const note = noteOf(record)
      if (note) notes.set(placeText(note.place), note)
      const letter = letterOf(record)
      if (letter) letters.push(letter)
    }
  return { letters, notes, records }
}

function withNote(letter: DeadLetter, notes: ReadonlyMap<string, RedriveNote>): SeenLetter {
  const redriven = notes.get(placeText(letter.place))
  return redriven ? { ...letter, redriven } : letter
}

export interface FoundRecords {
  /** By the text of their place. */
  readonly records: ReadonlyMap<string, LogRecord>
  readonly notes: ReadonlyMap<string, RedriveNote>
}

/** The records at these places, and the notes of them: the topic is read from the first of them to its end. */
export async function recordsAt({ broker, topic }: LetterTopic, places: readonly LetterPlace[]): Promise<FoundRecords> {
  const wanted = new Set(places.map(placeText))
  const records = new Map<string, LogRecord>()
  const notes = new Map<string, RedriveNote>()
  for (const { partition, start, end } of await broker.offsets(topic)) {
    const here = places.filter((place) => place.partition === partition && place.offset >= start && place.offset < end)
    const [first] = here.map(({ offset }) => offset).toSorted((a, b) => Number(a - b))
    if (first === undefined) continue
    for await (const some of broker.read(topic, partition, first))
      for (const record of some) {
        if (wanted.has(placeText(record))) records.set(placeText(record), record)
        const note = noteOf(record)
        if (note && wanted.has(placeText(note.place))) notes.set(placeText(note.place), note)
      }
  }
  return { records, notes }
}
