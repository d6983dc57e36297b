/**
 * Recorded logs run through another definition: the log is read once, partition by partition, and nothing is changed. Held in memory are
 * the sagas of that name which have not ended, or may still be asked for, of one partition at a time.
 */
import { BatchReader, type PlacedEvent } from '../message/batch.ts'
import type { EventEnvelope } from '../message/events.ts'
import { keyOf } from '../message/record.ts'
import type { Broker } from '../ports/broker.ts'
import type { Definition, Definitions } from '../saga/definition.ts'
import { mayBeAskedFor } from '../saga/remembered.ts'
import { type Divergence, type Plans, ShadowedSaga, type Verdict } from '../saga/shadow/shadowed-saga.ts'
import { isLive } from '../saga/state.ts'
import { linkOf } from './event-chain.ts'
import { hashOf, planOf } from './plan-of.ts'

export interface ShadowOptions {
  readonly broker: Pick<Broker, 'read' | 'offsets'>
  /** The events' topic. */
  readonly topic: string
  readonly definition: Definition
  /** Those that the sagas were decided by, as far as they are at hand. */
  readonly known: Definitions
  /** Only sagas that run on this version. */
  readonly of?: number | undefined
  /** Sagas that are told one by one; the others are counted. */
  readonly toldMax: number
  onProgress?(far: { readonly records: number; readonly recordsTotal: number }): void
}

/** An event in the log. */
export interface ShadowPlace {
  readonly partition: number
  readonly offset: bigint
}

export interface ShadowedFinding {
  readonly saga: string
  readonly version: number
  readonly verdict: Exclude<Verdict, 'same'>
  /** The first that differs, and the first that breaks, where that is another. */
  readonly first: Divergence & { readonly place: ShadowPlace }
  readonly breaking?: Divergence & { readonly place: ShadowPlace }
}

/** How many sagas differ in one way. */
export interface ShadowGroup {
  readonly verdict: Exclude<Verdict, 'same'>
  readonly what: string
  readonly count: number
  /** One of them. */
  readonly example: string
}

export interface ShadowReport {
  readonly topic: string
  readonly records: number
  readonly same: number
  readonly different: number
  readonly breaking: number
  /** Sagas with an event that cannot be read or folded, by any definition: they are not judged. */
  readonly broken: number
  /** Of other definitions, or of other versions than those that were asked for. */
  readonly others: number
  readonly findings: readonly ShadowedFinding[]
  /** The most frequent first. */
  readonly groups: readonly ShadowGroup[]
}

/** Ways to differ that are counted one by one; what is over counts as `others`. */
const GROUPS_MAX = 200
/** Ended sagas of one partition that are kept, because more may come of them; the oldest is told without. */
const ENDED_MAX = 50_000

/** Reads the whole log. What cannot be read is counted, and stops nothing. */
export async function runShadow(options: ShadowOptions): Promise<ShadowReport> {
  const { broker, topic } = options
  const tally = new Tally(options)
  const offsets = await broker.offsets(topic)
  const recordsTotal = offsets.reduce((sum, { start, end }) => sum + Number(end - start), 0)
  let records = 0
  for (const { partition } of offsets) {
    const shadow = new PartitionShadow(options, tally)
    const reader = new BatchReader()
    for await (const some of broker.read(topic, partition, 0n)) {
      for (const record of some) {
        const batch = reader.read(record)
        if (batch) shadow.take(batch.events, { partition, format: batch.header.format })
      }
      records += some.length
      options.onProgress?.({ records, recordsTotal })
    }
    shadow.close()
  }
  return { topic, records, ...tally.report() }
}

interface Followed {
  readonly shadow: ShadowedSaga
  chain: string | undefined
  /** Where what is told of it stands. */
  first?: ShadowPlace
  breaking?: ShadowPlace
}

interface Where {
  readonly partition: number
  /** Of the log. */
  readonly format: number
}

class PartitionShadow {
  readonly #live = new Map<string, Followed>()
  /** Ended, the oldest first. */
  readonly #ended = new Map<string, Followed>()
  readonly #broken = new Set<string>()
  readonly #plans: Plans
  readonly #options: ShadowOptions
  readonly #tally: Tally

  constructor(options: ShadowOptions, tally: Tally) {
    const { definition, known } = options
    this.#options = options
    this.#tally = tally
    this.#plans = { definition, recordedOn: (saga) => recordedOn(saga, definition, known) }
  }

  /** The events of one batch. */
  take(events: readonly PlacedEvent[], where: Where): void {
    const own = Map.groupBy(events, ({ decoded, record }) =>
      decoded.kind === 'event' ? decoded.envelope.sagaId : decoded.kind === 'unreadable' ? keyOf(record) : undefined,
    )
    for (const [id, placed] of own) if (id !== undefined) this.#takeSaga(id, placed, where)
  }

  #takeSaga(id: string, placed: readonly PlacedEvent[], where: Where): void {
    if (this.#broken.has(id)) return
    const [first] = placed
    const starts = first?.decoded.kind === 'event' ? first.decoded.envelope : undefined
    if (starts?.seq === 1 && !this.#begin(id, starts)) return
    const followed = this.#live.get(id) ?? this.#ended.get(id)
    if (!followed) return
    try {
      const envelopes = placed.map((one) => chained(one, followed, where.format))
      followed.shadow.take(envelopes)
      this.#place(followed, placed, where.partition)
      this.#keep(id, followed)
    } catch {
      // Not by any definition: the auditor tells what is wrong with it.
      this.#live.delete(id)
      this.#ended.delete(id)
      this.#broken.add(id)
      this.#tally.broken++
    }
  }

  /** Whether it is one of those that are asked for. */
  #begin(id: string, { event }: EventEnvelope): boolean {
    if (event.type !== 'saga-started' || event.definition !== this.#options.definition.name) {
      if (event.type === 'saga-started') this.#tally.others++
      return false
    }
    this.#live.set(id, { shadow: new ShadowedSaga(this.#plans), chain: undefined })
    return true
  }

  /** Notes where the events stand that what was found is about. */
  #place(followed: Followed, placed: readonly PlacedEvent[], partition: number): void {
    const { first, breaking } = followed.shadow
    const offsetOf = (seq: number) =>
      placed.find(({ decoded }) => decoded.kind === 'event' && decoded.envelope.seq === seq)?.offset
    for (const [name, found] of [
      ['first', first],
      ['breaking', breaking],
    ] as const) {
      const offset = found && offsetOf(found.recorded.seq)
      if (offset !== undefined) followed[name] = { partition, offset }
    }
  }

  #keep(id: string, followed: Followed): void {
    const { state } = followed.shadow
    if (state && isLive(state)) return
    this.#live.delete(id)
    if (state && mayBeAskedFor(state)) {
      this.#ended.set(id, followed)
      if (this.#ended.size > ENDED_MAX) this.#tellOldest()
    } else {
      this.#ended.delete(id)
      this.#tally.take(id, followed)
    }
  }

  #tellOldest(): void {
    for (const [id, followed] of this.#ended) {
      this.#ended.delete(id)
      this.#tally.take(id, followed)
      return
    }
  }

  close(): void {
    for (const [id, followed] of [...this.#live, ...this.#ended]) this.#tally.take(id, followed)
  }
}

/** @throws TypeError where the event cannot be read, or is not the one that was written. */
function chained({ decoded, record }: PlacedEvent, followed: Followed, format: number): EventEnvelope {
  const link = linkOf({ before: followed.chain, format }, record)
  if (link.kind === 'broken') throw new TypeError(link.why)
  if (decoded.kind !== 'event') throw new TypeError(decoded.kind === 'unreadable' ? decoded.why : 'not of a saga')
  followed.chain = link.chain
  return decoded.envelope
}

/** The plan of then: among those that are known, or the very one that is tried. */
function recordedOn(
  saga: Parameters<Plans['recordedOn']>[0],
  definition: Definition,
  known: Definitions,
): Definition | undefined {
  if (saga.definitionHash !== undefined && saga.definitionHash === hashOf(definition)) return definition
  return planOf(known, saga)
}

class Tally {
  readonly #counts = { same: 0, different: 0, breaking: 0 }
  readonly #findings: ShadowedFinding[] = []
  readonly #groups = new Map<
    string,
    { verdict: Exclude<Verdict, 'same'>; what: string; count: number; example: string }
  >()
  readonly #options: Pick<ShadowOptions, 'of' | 'toldMax'>
  broken = 0
  others = 0

  constructor(options: Pick<ShadowOptions, 'of' | 'toldMax'>) {
    this.#options = options
  }

  take(saga: string, { shadow, first: at, breaking: breaksAt }: Followed): void {
    const version = shadow.versions.at(-1) ?? 0
    if (this.#options.of !== undefined && this.#options.of !== version) {
      this.others++
      return
    }
    const { verdict, first, breaking } = shadow
    this.#counts[verdict]++
    if (verdict === 'same' || !first || !at) return
    const finding: ShadowedFinding = {
      saga,
      version,
      verdict,
      first: { ...first, place: at },
      ...(breaking && breaksAt && breaking !== first && { breaking: { ...breaking, place: breaksAt } }),
    }
    this.#group(saga, verdict, breaking ?? first)
    if (this.#findings.length < this.#options.toldMax) this.#findings.push(finding)
  }

  #group(saga: string, verdict: Exclude<Verdict, 'same'>, divergence: Divergence): void {
    const what = whatOf(divergence)
    const key = `${verdict} ${what}`
    const known = this.#groups.get(key)
    if (known) known.count++
    else if (this.#groups.size < GROUPS_MAX) this.#groups.set(key, { verdict, what, count: 1, example: saga })
    else {
      const rest = this.#groups.get('') ?? { verdict, what: 'in other ways', count: 0, example: saga }
      rest.count++
      this.#groups.set('', rest)
    }
  }

  report(): Omit<ShadowReport, 'topic' | 'records'> {
    const groups = [...this.#groups.values()].sort((a, b) => b.count - a.count || (a.what < b.what ? -1 : 1))
    return { ...this.#counts, broken: this.broken, others: this.others, findings: this.#findings, groups }
  }
}

/** What differs, in words; of items and rounds all alike. */
export function whatOf({ recorded, decided, more, fields, why }: Divergence): string {
  const was = eventText(recorded.event)
  if (why !== undefined) return `${was}: ${why}`.replaceAll(/\[\d+\]/g, '[]')
  if (!decided) return `${was}: it ends before`
  if (more) return `after ${was}: ${eventText(decided)}`
  if (fields.length > 0 && !fields.includes('type') && !fields.includes('step'))
    return `${was}: another ${fields.join(', ')}`
  return `${was}: ${eventText(decided)} instead`
}

function eventText(event: EventEnvelope['event']): string {
  const about =
    'step' in event && typeof event.step === 'string' ? event.step : 'scope' in event ? event.scope : undefined
  return `${event.type}${about === undefined ? '' : ` ${about}`}`.replaceAll(/\[\d+\]/g, '[]')
}
