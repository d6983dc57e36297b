/**
 * The starts that this gateway took and that the views may not show yet, so that a second start under the same id is
 * judged at once (S21). A memory and no more: the owner judges every start again.
 *
 * State: id -> hash of the input, name of the definition, and its place once the log has it. Added by `claim` before the
 * append, completed by `placed`, removed by `forget` when the append failed, and oldest first at the limit.
 */
import type { Place } from '../../shared/client/place.ts'

export interface RecentStart {
  readonly hash: string
  readonly definition: string
  place: Place | undefined
}

export class RecentStarts {
  readonly #byId = new Map<string, RecentStart>()
  readonly #entriesMax: number

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax
  }

  get(id: string): RecentStart | undefined {
    return this.#byId.get(id)
  }

  claim(id: string, hash: string, definition: string): RecentStart {
    const start: RecentStart = { hash, definition, place: undefined }
    this.#byId.set(id, start)
    if (this.#byId.size > this.#entriesMax) {
      const [oldest] = this.#byId.keys()
      if (oldest !== undefined) this.#byId.delete(oldest)
    }
    return start
  }

  /** Only what was claimed by the same start: a later one keeps its own. */
  forget(id: string, start: RecentStart): void {
    if (this.#byId.get(id) === start) this.#byId.delete(id)
  }
}
