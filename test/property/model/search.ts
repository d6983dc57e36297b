/** Looks at every state that a model can come to within its bounds, and says how the first bad one came about. */
import {
  accepted,
  type Bounds,
  type Broken,
  firstState,
  type ModelBatch,
  type ModelState,
  successors,
} from './log-model.ts'

export interface Searched {
  readonly states: number
  /** Longest way to a state, in steps. */
  readonly depth: number
  /** What is wrong, and the log and writers then; nothing when no state is bad. */
  readonly breach: { readonly what: string; readonly state: ModelState; readonly steps: number } | undefined
}

/** @param look called once with each state: what is wrong with it, if anything */
export function search(
  bounds: Bounds,
  broken?: Broken,
  look: (state: ModelState) => string | undefined = () => undefined,
): Searched {
  const seen = new Set<number>()
  let level: readonly ModelState[] = [firstState(bounds)]
  let depth = 0
  for (; level.length > 0; depth++) {
    const next: ModelState[] = []
    for (const state of level) {
      const what = breachOf(state, broken) ?? look(state)
      if (what !== undefined) return { states: seen.size, depth, breach: { what, state, steps: depth } }
      for (const one of successors(state, broken)) {
        const form = normal(one)
        const key = digest(JSON.stringify(form))
        if (seen.has(key)) continue
        seen.add(key)
        next.push(form)
      }
    }
    level = next
  }
  return { states: seen.size, depth, breach: undefined }
}

/**
 * The state in one form of the many that are the same: batches are numbered as they come up, writers are alike, lives
 * tell only whether an answer is still waited for, and what can neither land nor be heard any more is left out.
 */
function normal(state: ModelState): ModelState {
  const { log, writers, left } = state
  const alive = state.flying.filter(
    ({ at, again, life, writer }) => at === null || (again && left.repeats > 0) || writers[writer]?.life === life,
  )
  const groups = writers
    .map((writer, i) => {
      const own = alive.filter((flight) => flight.writer === i)
      const flights = own.map((flight) => ({
        ...flight,
        life: flight.life === writer.life ? 1 : 0,
        again: flight.again && left.repeats > 0,
      }))
      return { writer: { ...writer, life: 1 }, flights }
    })
    .map((group) => ({ ...group, text: JSON.stringify(group) }))
    .sort((a, b) => (a.text < b.text ? -1 : 1))
  const flying = groups.flatMap(({ flights }, i) => flights.map((flight) => ({ ...flight, writer: i })))
  const names = new Map<number, number>([[0, 0]])
  const name = (id: number): number => names.get(id) ?? names.set(id, names.size).size - 1
  const named = (batch: ModelBatch): ModelBatch => ({ ...batch, id: name(batch.id), base: name(batch.base) })
  const landed = log.map(named)
  const open = flying.map((flight) => ({ ...flight, batch: named(flight.batch) }))
  const known = groups.map(({ writer }) => ({ ...writer, base: name(writer.base), toSend: writer.toSend.map(named) }))
  const sent = state.sent.map(name).sort((a, b) => a - b)
  return { log: landed, flying: open, writers: known, sent, ids: names.size, left }
}

function breachOf({ log, sent }: ModelState, broken?: Broken): string | undefined {
  const taken = accepted(log, broken)
  let base = 0
  for (const batch of taken) {
    if (batch.base !== base) return `S11: batch ${batch.id} was decided on ${batch.base}, and follows ${base}`
    base = batch.id
  }
  const ids = new Set(taken.map(({ id }) => id))
  for (const id of sent) if (!ids.has(id)) return `S11: effects of batch ${id} were sent, which no reader accepts`
  const through = Math.max(0, ...taken.map(({ sentThrough }) => sentThrough))
  for (const { id, number, empty } of taken)
    if (!empty && number <= through && !sent.includes(id))
      return `L2: batch ${id} counts as sent, and was not: nobody will`
  return undefined
}

/** 53 bits of a text: of two million states, the chance that any two are taken for one is below one in a thousand. */
function digest(text: string): number {
  let [a, b] = [0xdeadbeef, 0x41c6ce57]
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 2654435761)
    b = Math.imul(b ^ code, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return 4294967296 * (2097151 & b) + (a >>> 0)
}
