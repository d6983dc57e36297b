/**
 * Compare-and-append as a model: writers that all take a partition for their own, at any time; appends that land late, twice
 * or never; answers that are lost; crashes. Each step is one that the real parts can take between two waits.
 *
 * A writer: reads the log to its end --> claims --landed where expected--> live, appends one at a time. A crash, or any
 * doubt: it reads again. It sends the effects of what it knows to be confirmed, one by one.
 */

/** A batch on its way or in the log. `base`: the newest accepted batch that it was decided on; 0: none. */
export interface ModelBatch {
  readonly id: number
  readonly number: number
  readonly base: number
  /** Up to which number effects were sent, as its writer knew. */
  readonly sentThrough: number
  /** An empty batch has no effects: a claim. */
  readonly empty: boolean
}

interface InFlight {
  readonly batch: ModelBatch
  readonly writer: number
  /** Of its writer, when it was appended: an answer to an earlier life is heard by nobody. */
  readonly life: number
  readonly expected: number
  /** Where it landed, when it has. */
  readonly at: number | null
  /** Whether it may land once more. */
  readonly again: boolean
}

export interface Writer {
  readonly mode: 'reading' | 'claiming' | 'live' | 'appending'
  readonly life: number
  readonly base: number
  readonly number: number
  readonly expected: number
  readonly sentThrough: number
  /** Effects that it may send: of batches that it knows to be accepted. */
  readonly toSend: readonly ModelBatch[]
}

export interface ModelState {
  readonly log: readonly ModelBatch[]
  readonly flying: readonly InFlight[]
  readonly writers: readonly Writer[]
  /** Ids of batches whose effects went out. */
  readonly sent: readonly number[]
  readonly ids: number
  /** How much of each is left. */
  readonly left: {
    readonly appends: number
    readonly claims: number
    readonly repeats: number
  }
}

/** Rules of the design that can be broken, to see whether the search finds out. */
export type Broken =
  | 'confirms wherever it landed'
  | 'sends before it is confirmed'
  | 'goes on after no answer'
  | 'readers take any number'
  | 'notes effects as sent before they are'
  | 'decides on void batches too'

export interface Bounds {
  readonly writers: number
  readonly appends: number
  readonly claims: number
  readonly repeats: number
}

const FRESH: Writer = { mode: 'reading', life: 0, base: 0, number: 0, expected: 0, sentThrough: 0, toSend: [] }

export function firstState({ writers, ...left }: Bounds): ModelState {
  return { log: [], flying: [], writers: Array.from({ length: writers }, () => FRESH), sent: [], ids: 0, left }
}

/** What every reader takes of a log: each batch whose number is next. */
export function accepted(log: readonly ModelBatch[], broken?: Broken): readonly ModelBatch[] {
  if (broken === 'readers take any number') return log
  let next = 1
  return log.filter(({ number }) => number === next && next++ > 0)
}

/** All states that can come next. */
export function successors(state: ModelState, broken?: Broken): readonly ModelState[] {
  return [
    ...state.writers.flatMap((_, i) => writerSteps(state, i, broken)),
    ...state.flying.flatMap((_, i) => flightSteps(state, i, broken)),
  ]
}

function writerSteps(state: ModelState, i: number, broken?: Broken): readonly ModelState[] {
  const writer = state.writers[i]
  if (!writer) return []
  const { left } = state
  const steps: ModelState[] = []
  if (writer.mode === 'reading') return left.claims > 0 ? [claim(state, i, broken)] : []
  steps.push(startAgain(state, i))
  if (writer.mode === 'live' && left.appends > 0) steps.push(append(state, i, broken))
  if (writer.mode === 'appending' && broken === 'goes on after no answer') steps.push(goOn(state, i))
  if (writer.toSend.length > 0) steps.push(sendOne(state, i))
  return steps
}

/** Reads to the end that the log has now, and puts a claim on its way. */
function claim(state: ModelState, i: number, broken?: Broken): ModelState {
  const { log } = state
  const seen = broken === 'decides on void batches too' ? log : accepted(log, broken)
  const taken = accepted(log, broken)
  const sentThrough = Math.max(0, ...taken.map((batch) => batch.sentThrough))
  const writer = {
    ...(state.writers[i] as Writer),
    mode: 'claiming',
    base: seen.at(-1)?.id ?? 0,
    number: taken.at(-1)?.number ?? 0,
    expected: log.length,
    sentThrough,
    toSend: [],
  } as const
  const { left } = state
  return fly({ ...withWriter(state, i, writer), left: { ...left, claims: left.claims - 1 } }, i, true)
}

function append(state: ModelState, i: number, broken?: Broken): ModelState {
  const writer = state.writers[i] as Writer
  const early = broken === 'notes effects as sent before they are'
  const before = { ...writer, mode: 'appending', ...(early && { sentThrough: writer.number }) } as const
  const { left } = state
  const next = fly({ ...withWriter(state, i, before), left: { ...left, appends: left.appends - 1 } }, i, false)
  if (broken !== 'sends before it is confirmed') return next
  const batch = next.flying.at(-1)?.batch as ModelBatch
  return withWriter(next, i, { ...(next.writers[i] as Writer), toSend: [...writer.toSend, batch] })
}

function fly(state: ModelState, i: number, empty: boolean): ModelState {
  const { base, number, expected, sentThrough, life } = state.writers[i] as Writer
  const batch = { id: state.ids + 1, number: number + 1, base, sentThrough, empty }
  const flight: InFlight = { batch, writer: i, life, expected, at: null, again: state.left.repeats > 0 }
  return { ...state, ids: state.ids + 1, flying: [...state.flying, flight] }
}

/** It crashes, or does not know how its append ended: it knows nothing any more; the append may still land. */
function startAgain(state: ModelState, i: number): ModelState {
  const { life } = state.writers[i] as Writer
  return withWriter(state, i, { ...FRESH, life: life + 1 })
}

/** It takes an append that nobody has answered for one that landed. */
function goOn(state: ModelState, i: number): ModelState {
  const { life } = state.writers[i] as Writer
  const mine = state.flying.findLast((flight) => flight.writer === i && flight.life === life)
  return mine ? confirmed(state, i, mine.batch) : state
}

function sendOne(state: ModelState, i: number): ModelState {
  const writer = state.writers[i] as Writer
  const [first, ...rest] = writer.toSend
  if (!first) return state
  const sent = state.sent.includes(first.id) ? state.sent : [...state.sent, first.id].sort((a, b) => a - b)
  // The mark moves over what is sent without a gap, and over batches that have nothing to send.
  const sentThrough = rest[0] ? rest[0].number - 1 : Math.max(writer.sentThrough, first.number)
  return { ...withWriter(state, i, { ...writer, toSend: rest, sentThrough }), sent }
}

function flightSteps(state: ModelState, i: number, broken?: Broken): readonly ModelState[] {
  const flight = state.flying[i] as InFlight
  const others = state.flying.filter((_, at) => at !== i)
  if (flight.at === null) {
    const landed = { ...flight, at: state.log.length }
    // One that never lands is one that waits for ever.
    return [{ ...state, log: [...state.log, flight.batch], flying: [...others, landed] }]
  }
  const steps: ModelState[] = []
  const { left } = state
  if (flight.again && left.repeats > 0) {
    const repeated = { ...state, log: [...state.log, flight.batch], left: { ...left, repeats: left.repeats - 1 } }
    steps.push({ ...repeated, flying: [...others, { ...flight, again: false }] })
  }
  const writer = state.writers[flight.writer] as Writer
  const waits = writer.life === flight.life && (writer.mode === 'claiming' || writer.mode === 'appending')
  if (waits && flight.batch.number === writer.number + 1)
    steps.push(answer({ ...state, flying: others }, flight, broken))
  return steps
}

function answer(state: ModelState, flight: InFlight, broken?: Broken): ModelState {
  const { writer: i, expected, at, batch } = flight
  if (at !== expected && broken !== 'confirms wherever it landed') return startAgain(state, i)
  return confirmed(state, i, batch, broken)
}

/** It stands where it was decided to: what it says is so. A claim brings what others left to send. */
function confirmed(state: ModelState, i: number, batch: ModelBatch, broken?: Broken): ModelState {
  const writer = state.writers[i] as Writer
  const taken = accepted(state.log, broken)
  const unsent = batch.empty
    ? taken.filter(({ number, empty }) => !empty && number > writer.sentThrough && number < batch.number)
    : []
  const known = writer.toSend.some(({ id }) => id === batch.id)
  const own = batch.empty || known ? [] : [batch]
  return withWriter(state, i, {
    ...writer,
    mode: 'live',
    base: batch.id,
    number: batch.number,
    expected: writer.expected + 1,
    toSend: [...writer.toSend, ...unsent, ...own],
  })
}

function withWriter(state: ModelState, i: number, writer: Writer): ModelState {
  return { ...state, writers: state.writers.map((one, at) => (at === i ? writer : one)) }
}
