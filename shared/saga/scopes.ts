/**
 * The scopes of a block, in the order that they began: a list that is never changed in place, kept in chunks, so that one
 * changed scope costs two short copies however many there are.
 */
import type { ScopeState } from './state.ts'

const CHUNK = 256

export class Scopes implements Iterable<ScopeState> {
  static readonly NONE = new Scopes([], 0)

  readonly length: number
  readonly chunks: readonly (readonly ScopeState[])[]

  private constructor(chunks: readonly (readonly ScopeState[])[], length: number) {
    this.chunks = chunks
    this.length = length
  }

  /** As they stood in another list, in their order. */
  static of(scopes: readonly ScopeState[]): Scopes {
    const count = Math.ceil(scopes.length / CHUNK)
    const chunks = Array.from({ length: count }, (_, i) => scopes.slice(i * CHUNK, (i + 1) * CHUNK))
    return new Scopes(chunks, scopes.length)
  }

  /** One of them; counted from the end when negative; `undefined` when there is none. */
  at(index: number): ScopeState | undefined {
    const from = index < 0 ? this.length + index : index
    return this.chunks[Math.floor(from / CHUNK)]?.[from % CHUNK]
  }

  /** With one of them changed. */
  with(index: number, scope: ScopeState): Scopes {
    const at = Math.floor(index / CHUNK)
    const chunk = this.chunks[at] ?? []
    return new Scopes(this.chunks.with(at, chunk.with(index % CHUNK, scope)), this.length)
  }

  /** With one more. */
  and(scope: ScopeState): Scopes {
    const last = this.chunks.at(-1)
    const chunks = last && last.length < CHUNK ? this.chunks.with(-1, [...last, scope]) : [...this.chunks, [scope]]
    return new Scopes(chunks, this.length + 1)
  }

  /** With each of them changed. */
  map(change: (scope: ScopeState) => ScopeState): Scopes {
    return new Scopes(
      this.chunks.map((chunk) => chunk.map(change)),
      this.length,
    )
  }

  *[Symbol.iterator](): Iterator<ScopeState> {
    for (const chunk of this.chunks) yield* chunk
  }

  toJSON(): readonly ScopeState[] {
    return [...this]
  }
}
