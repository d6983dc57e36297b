/**
 * What each saga says that its participants did, to be met by what they have in their tables: S8.
 * Of a saga one number is kept per audited step, about 100 bytes, until the participants' rows have been read.
 */
import { messageOf } from '../../shared/message/errors.ts'
import type { Json } from '../../shared/message/json.ts'
import type { Findings } from './findings.ts'
import type { SagaOutline, StepOutline } from './saga-outline.ts'

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
  /** The step of the definition that it carries out. */
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
  met: 'told by an earlier row',
}

export class ParticipantLedger {
  readonly #audits: readonly ParticipantAudit[]
  readonly #findings: Findings
  /** For each participant, by order: fate and units in one number. */
  readonly #books: readonly Map<string, number>[]

  constructor(audits: readonly ParticipantAudit[], findings: Findings) {
    this.#audits = audits
    this.#findings = findings
    this.#books = audits.map(() => new Map())
  }

  /** Notes what the saga's participants must have. */
  expect(saga: string, outline: SagaOutline): void {
    this.#audits.forEach((audit, i) => {
      if (audit.definition !== undefined && audit.definition !== outline.definition) return
      const forward = outline.steps.get(`${audit.step}/forward`)
      const [order, units] = forward ? this.#askedOf(audit, saga, forward.payload) : [saga, 0]
      const fate = fateOf(outline, forward, outline.steps.get(`${audit.step}/compensate`))
      const book = this.#books[i]
      // Of two sagas with one order, the one that was refused says nothing of what the order has.
      if (fate !== 'refused' || !book?.has(order)) book?.set(order, noted(fate, units))
    })
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

  #meetRow({ name, step }: ParticipantAudit, row: ParticipantRow, note: number): void {
    const [fate, units] = [fateIn(note), unitsIn(note)]
    if (ALLOWS[fate](row, units)) return
    const asked = `step ${step} is ${WORDS[fate]}, ${units} asked for`
    const message = `${name}: ${row.applied} applied and ${row.undone} undone, while ${asked}`
    this.#findings.violation({ invariant: 'S8', message, saga: row.orderId })
  }
}

function fateOf(outline: SagaOutline, forward: StepOutline | undefined, undo: StepOutline | undefined): Fate {
  const ended = outline.status === 'completed' || outline.status === 'compensated'
  if (!forward) return ended ? 'unasked' : 'open-unasked'
  const done = forward.status === 'succeeded'
  if (!ended) return done ? 'open-done' : 'open'
  if (forward.status === 'rejected') return 'refused'
  if (undo?.status === 'succeeded') return done ? 'undone' : 'undone-if-applied'
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
