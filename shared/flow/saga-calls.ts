/** The calls of one saga, by step and direction. Most sagas have one at a time: those are looked through, many are indexed. */
import type { Direction } from '../message/ids.ts'
import { blockAround, ROOT, scopeAround } from '../message/step-path.ts'
import type { Call } from './call.ts'

/** Calls from which on they are found by an index. */
const FEW = 8

interface Index {
  readonly byName: Map<string, Call>
  /** Those inside each scope, however deep, but for the saga's own. */
  readonly inScope: Map<string, Set<Call>>
}

export class SagaCalls {
  #few: Call[] = []
  #index: Index | undefined

  get size(): number {
    return this.#index?.byName.size ?? this.#few.length
  }

  /** In the order in which they came. */
  get all(): Iterable<Call> {
    return this.#index?.byName.values() ?? this.#few
  }

  find(step: string, direction: Direction): Call | undefined {
    if (this.#index) return this.#index.byName.get(nameOf(step, direction))
    for (const call of this.#few) if (call.direction === direction && call.step === step) return call
    return undefined
  }

  add(call: Call): void {
    if (!this.#index && this.#few.length < FEW) {
      this.#few.push(call)
      return
    }
    if (!this.#index) {
      this.#index = { byName: new Map(), inScope: new Map() }
      for (const one of this.#few) index(this.#index, one)
      this.#few = []
    }
    index(this.#index, call)
  }

  delete(call: Call): void {
    if (!this.#index) {
      this.#few = this.#few.filter((one) => one !== call)
      return
    }
    this.#index.byName.delete(nameOf(call.step, call.direction))
    for (const scope of scopesAround(call.step)) {
      const calls = this.#index.inScope.get(scope)
      calls?.delete(call)
      if (calls?.size === 0) this.#index.inScope.delete(scope)
    }
  }

  /** Those of steps inside a scope, however deep. */
  within(scope: string): readonly Call[] {
    if (scope === ROOT) return [...this.all]
    if (this.#index) return [...(this.#index.inScope.get(scope) ?? [])]
    return this.#few.filter(({ step }) => scopesAround(step).includes(scope))
  }
}

function nameOf(step: string, direction: Direction): string {
  return direction === 'forward' ? step : `${step}/undo`
}

function index({ byName, inScope }: Index, call: Call): void {
  byName.set(nameOf(call.step, call.direction), call)
  for (const scope of scopesAround(call.step)) {
    const calls = inScope.get(scope) ?? new Set()
    inScope.set(scope, calls.add(call))
  }
}

/** The scopes that a step stands in, inner ones first, but for the saga's own. */
function scopesAround(step: string): string[] {
  const scopes: string[] = []
  for (let scope = scopeAround(step); scope !== ROOT; ) {
    scopes.push(scope)
    const around = blockAround(scope)
    scope = around ? scopeAround(around.block) : ROOT
  }
  return scopes
}
