/** What goes wrong inside a definition's own code. */
import type { Context, Mapping } from '../../../shared/saga/definition.ts'

export type Fault = 'throws' | 'no-json' | 'misfit' | 'writes'

const FAULTS: readonly Fault[] = ['throws', 'no-json', 'misfit', 'writes', 'throws', 'misfit']

export class Faults {
  readonly #luck: readonly number[]
  #next = 0
  on = true

  /** @param luck one number per mapping that runs, used in a circle: of 41 kinds of luck 6 are bad. None: all is well. */
  constructor(luck: readonly number[]) {
    this.#luck = luck
  }

  /** How a mapping fails now, if it does. */
  draw(): Fault | undefined {
    if (!this.on || this.#luck.length === 0) return undefined
    return FAULTS[40 - ((this.#luck[this.#next++ % this.#luck.length] ?? 0) % 41)]
  }
}

/** Makes the payload or output of the step of that name. */
export function mappingOf(faults: Faults, step: string): Mapping {
  return (context) => {
    switch (faults.draw()) {
      case 'throws':
        throw Object.create(null)
      case 'no-json':
        return { step, n: 1n }
      case 'misfit':
        return { step: 'boom' }
      case 'writes':
        // In place: a mapping may not change what it is shown.
        return { step: String((context.input as { rows: number[] }).rows.sort()) }
      default:
        return { step, left: undefined, at: Number.NaN, seen: seenIn(context) }
    }
  }
}

/** Looks at all that the mapping sees, outputs of blocks too. */
function seenIn(context: Context): number {
  return Object.values(context).filter((value) => value !== undefined).length
}

/** A mapping that answers `value`, when the definition's own code does not fail. */
export function answering<T>(faults: Faults, value: (context: Context) => T): (context: Context) => T {
  return (context) => {
    if (faults.draw() === 'throws') throw new Error('the condition is broken')
    return value(context)
  }
}

/** A time to sleep until, or on a bad day no time at all. */
export function instant(faults: Faults, at: number): Mapping {
  return () => (faults.draw() ? 'tomorrow' : at)
}

/** So many items, or on a bad day no list, or items that are no JSON. */
export function itemsOf(faults: Faults, count: number): Mapping {
  const items = Array.from({ length: count }, (_, n) => ({ n, text: `item ${n}` }))
  return () => {
    switch (faults.draw()) {
      case 'throws':
        throw new Error('there is no list')
      case 'misfit':
        return { length: count }
      case 'no-json':
        return items.map(() => 1n)
      default:
        return items
    }
  }
}
