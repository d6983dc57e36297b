/**
 * What each saga says that its participants did, to be met by what they have in their tables: S8.
 * Of a saga one number is kept per audited step, about 100 bytes, until the participants' rows have been read.
 */
import { messageOf } from '../../shared/message/errors.ts'
import type { Json } from '../../shared/message/json.ts'
import type { Findings } from './findings.ts'
import { firstName, laterName, type SagaOutline, type StepOutline } from './saga-outline.ts'

/** What a participant's tables say of one order. */
export interface ParticipantRow {
  /** The order's id. */
  readonly orderId: string
  /** Units ever applied: cents charged, items set aside, parcels. */
  readonly applied: number
  /** Units given back. What counts is `applied - undone`. */
  readonly undone: number
}

export interface ParticipantAudit {
  readonly name: string
  /** The step of the definition that it carries out; inside blocks its path, `parcels[].label` for that of every item. */
  readonly step: string
  /** Definition whose sagas have the step; absent: any that has a step of that name. */
  readonly definition?: string
  /** The order that a command is for, by its payload; the saga's id when absent. */
  orderId?(payload: Json): string
  /** Units that a command asks for, by its payload; 1 when absent. */
  units?(payload: Json): number
  /** All rows, a page at a time; one row an order. Called once, after the log has been read. */
  rows(): AsyncIterable<readonly ParticipantRow[]>
  /** What else the participant's tables say against themselves; one text each. */
  mismatches?(): Promise<readonly string[]>
}

/** What a step's course lets its participant have. `kept`: applied, not undone. `undone`: both. */
const FATES = [
  'unasked',
  'kept',
  'undone',
  'undone-if-applied',
  'refused',
  'uncertain',
  'open',
  'open-done',
  'open-unasked',
  'several',
  'met',
] as const
type Fate = (typeof FATES)[number]

/** Which rows a fate allows, `unitsMax` being what was asked for; a missing row is 0 and 0. */
const ALLOWS: Readonly<Record<Fate, (row: { applied: number; undone: number }, units: number) => boolean>> = {
  unasked: ({ applied, undone }) => applied === 0 && undone === 0,
  kept: ({ applied, undone }, units) => applied === units && undone === 0,
  undone: ({ applied, undone }, units) => applied === units && undone === units,
  'undone-if-applied': ({ applied, undone }, units) => undone === applied && (applied === 0 || applied === units),
  refused: ({ applied, undone }) => applied === 0 && undone === 0,
  uncertain: ({ applied, undone }, units) => undone === 0 && (applied === 0 || applied === units),
  open: ({ applied, undone }, units) => (applied === 0 || applied === units) && (undone === 0 || undone === applied),
  'open-done': ({ applied, undone }, units) => applied === units && (undone === 0 || undone === units),
  'open-unasked': () => true,
  several: () => false,
  met: () => false,
}

const WORDS: Readonly<Record<Fate, string>> = {
  unasked: 'never asked for',
  kept: 'applied once and kept',
  undone: 'applied once and undone once',
  'undone-if-applied': 'undone if it was applied',
  refused: 'refused',
  uncertain: 'applied at most once',
  open: 'applied at most once so far',
  'open-done': 'applied once, and may be undone',
  'open-unasked': 'not asked for yet',
  several: 'begun more than once, with other ends',
  met: 'told by an earlier row',
}

export class ParticipantLedger {
  readonly #audits: readonly ParticipantAudit[]
  readonly #findings: Findings
  /** For each participant, by order: fate and units in one number. */
  readonly #books: readonly Map<string, number>[]
  /** For each participant, the orders that several steps of one saga are for. */
  readonly #several: readonly Map<string, Limits>[]

  constructor(audits: readonly ParticipantAudit[], findings: Findings) {
    this.#audits = audits
    this.#findings = findings
    this.#books = audits.map(() => new Map())
    this.#several = audits.map(() => new Map())
  }

  /** Notes what the saga's participants must have. */
  expect(saga: string, outline: SagaOutline): void {
    this.#audits.forEach((audit, i) => {
      if (audit.definition !== undefined && audit.definition !== outline.definition) return
      const asked = new Map<string, Course[]>()
      for (const course of coursesOf(audit, outline)) {
        const [order, units] = course.forward ? this.#askedOf(audit, saga, course.forward.payload) : [saga, 0]
        asked.set(order, [...(asked.get(order) ?? []), { ...course, units }])
      }
      for (const [order, courses] of asked) this.#note(i, order, { outline, courses })
    })
  }

  /** An order that several steps of a saga are for is held against what they come to together. */
  #note(i: number, order: string, { outline, courses }: { outline: SagaOutline; courses: readonly Course[] }): void {
    const book = this.#books[i]
    const [one] = courses
    if (courses.length === 1 && one) {
      const fate = fateOf(outline, one.forward, one.undo)
      // Of two sagas with one order, the one that was refused says nothing of what the order has.
      if (fate !== 'refused' || !book?.has(order)) book?.set(order, noted(fate, one.units))
      return
    }
    const limits = courses.map(({ forward, undo, units }) => limitsOf(fateOf(outline, forward, undo), units))
    book?.set(order, noted('several', 0))
    this.#several[i]?.set(order, limits.reduce(together))
  }

  /** What stands in a log may be anything, also what no participant can count. */
  #askedOf(audit: ParticipantAudit, saga: string, payload: Json): readonly [order: string, units: number] {
    try {
      return [audit.orderId?.(payload) ?? saga, audit.units?.(payload) ?? 1]
    } catch (error) {
      const message = `${audit.name}: what step ${audit.step} asks for cannot be told: ${messageOf(error)}`
      this.#findings.violation({ invariant: 'S8', message, saga })
      return [saga, 0]
    }
  }

  /** Holds a participant's rows against the sagas; answers with the orders that no saga knows. */
  async meet(audit: ParticipantAudit): Promise<{ readonly rows: number; readonly unknown: readonly string[] }> {
    const book = this.#books[this.#audits.indexOf(audit)] ?? new Map<string, number>()
    const unknown: string[] = []
    let rows = 0
    for await (const page of audit.rows()) {
      for (const row of page) {
        rows++
        const note = book.get(row.orderId)
        if (note === undefined) unknown.push(row.orderId)
        else this.#meetRow(audit, row, note)
        book.set(row.orderId, noted('met', 0))
      }
    }
    for (const [orderId, note] of book)
      if (fateIn(note) !== 'met') this.#meetRow(audit, { orderId, applied: 0, undone: 0 }, note)
    for (const message of (await audit.mismatches?.()) ?? [])
      this.#findings.violation({ invariant: 'S8', message: `${audit.name}: ${message}` })
    return { rows, unknown }
  }

  #meetRow(audit: ParticipantAudit, row: ParticipantRow, note: number): void {
    const { name, step } = audit
    const [fate, units] = [fateIn(note), unitsIn(note)]
    const limits = this.#several[this.#audits.indexOf(audit)]?.get(row.orderId)
    if (fate === 'several' ? limits && isWithinLimits(row, limits) : ALLOWS[fate](row, units)) return
    const asked = `step ${step} is ${WORDS[fate]}, ${units} asked for`
    const message = `${name}: ${row.applied} applied and ${row.undone} undone, while ${asked}`
    this.#findings.violation({ invariant: 'S8', message, saga: row.orderId })
  }
}

/** One course of an audited step: as often as its scope began. */
interface Course {
  readonly forward: StepOutline | undefined
  readonly undo: StepOutline | undefined
  readonly units: number
}

function coursesOf({ step }: ParticipantAudit, outline: SagaOutline): Course[] {
  const { steps } = outline
  const courseOf = (path: string): Course => {
    const forward = wholeCourse(outline, path, 'forward')
    const wasAsked = forward !== undefined && forward.attempts > 0
    return { forward: wasAsked ? forward : undefined, undo: wholeCourse(outline, path, 'compensate'), units: 0 }
  }
  if (!step.includes('[]')) return [courseOf(step)]
  const begun = [...steps.values()].filter((one) => one.direction === 'forward' && kindOf(one.step) === step)
  return begun.length === 0 ? [courseOf(step)] : begun.map((one) => courseOf(one.step))
}

/** Of a step that was renamed on its way: what was asked under the first name, and what came of it under the last. */
function wholeCourse(outline: SagaOutline, path: string, direction: StepOutline['direction']): StepOutline | undefined {
  const first = outline.steps.get(`${firstName(outline, path)}/${direction}`)
  const last = outline.steps.get(`${laterName(outline, path)}/${direction}`)
  if (!first || !last || first === last) return last ?? first
  return last.attempts > 0 ? last : { ...first, status: last.status }
}

/** A step's path without the numbers of items and rounds. */
function kindOf(path: string): string {
  return path.replace(/\[\d+\]/g, '[]')
}

/** What several courses together let a participant have: so much applied, and so much of it kept. */
interface Limits {
  readonly applied: readonly [least: number, most: number]
  readonly kept: readonly [least: number, most: number]
}

function limitsOf(fate: Fate, units: number): Limits {
  const surely = fate === 'kept' || fate === 'undone' || fate === 'open-done'
  const perhaps = surely || fate === 'undone-if-applied' || fate === 'uncertain' || fate === 'open'
  const kept = fate === 'kept' || fate === 'open-done' || fate === 'uncertain' || fate === 'open'
  return {
    applied: [surely ? units : 0, perhaps ? units : 0],
    kept: [fate === 'kept' ? units : 0, kept ? units : 0],
  }
}

function together(one: Limits, other: Limits): Limits {
  const sum = (a: readonly [number, number], b: readonly [number, number]) => [a[0] + b[0], a[1] + b[1]] as const
  return { applied: sum(one.applied, other.applied), kept: sum(one.kept, other.kept) }
}

function isWithinLimits({ applied, undone }: ParticipantRow, { applied: ever, kept }: Limits): boolean {
  const left = applied - undone
  return applied >= ever[0] && applied <= ever[1] && left >= kept[0] && left <= kept[1]
}

function fateOf(outline: SagaOutline, forward: StepOutline | undefined, undo: StepOutline | undefined): Fate {
  const ended = outline.status === 'completed' || outline.status === 'compensated' || outline.status === 'failed'
  if (!forward) return ended ? 'unasked' : 'open-unasked'
  const done = forward.status === 'succeeded'
  const undone = undo?.status === 'succeeded'
  // What a person undid by hand, or what was being undone when the saga was killed: the participant shows it, or not.
  if (!ended || (undo && !undone)) return done ? 'open-done' : 'open'
  if (forward.status === 'rejected') return 'refused'
  if (undone) return done ? 'undone' : 'undone-if-applied'
  return done ? 'kept' : 'uncertain'
}

function noted(fate: Fate, units: number): number {
  return units * 16 + FATES.indexOf(fate)
}

function fateIn(note: number): Fate {
  return FATES[note % 16] ?? 'met'
}

function unitsIn(note: number): number {
  return Math.floor(note / 16)
}

/** The rows of a query that answers a page of orders at a time, in the order of their ids. */
export async function* rowsOfPages(
  page: (from: { readonly after?: string; readonly ordersMax: number }) => Promise<readonly ParticipantRow[]>,
  ordersMax = 2_000,
): AsyncGenerator<readonly ParticipantRow[]> {
  let after: string | undefined
  for (;;) {
    const rows = await page(after === undefined ? { ordersMax } : { after, ordersMax })
    if (rows.length === 0) return
    yield rows
    after = rows.at(-1)?.orderId
  }
}
