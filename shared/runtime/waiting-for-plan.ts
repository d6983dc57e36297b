/** Live sagas that nobody here can decide for, by the definition that they wait for. */
import type { SagaId } from '../message/ids.ts'
import type { SagaState } from '../saga/state.ts'

/** A definition that sagas wait for. */
export interface MissingPlan {
  readonly definition: string
  readonly version: number
  /** Hash of the plan that they started on; `undefined`: any plan of that version will do. */
  readonly hash: string | undefined
  readonly sagas: number
}

export class WaitingForPlan {
  readonly #sagas = new Map<SagaId, Omit<MissingPlan, 'sagas'>>()

  get size(): number {
    return this.#sagas.size
  }

  add({ id, definition, version, definitionHash }: SagaState): void {
    this.#sagas.set(id, { definition, version, hash: definitionHash })
  }

  delete(id: SagaId): void {
    this.#sagas.delete(id)
  }

  /** Each definition that is waited for, and by how many. */
  missing(): MissingPlan[] {
    const counts = new Map<string, MissingPlan>()
    for (const plan of this.#sagas.values()) {
      const key = `${plan.definition}@${plan.version} ${plan.hash}`
      counts.set(key, { ...plan, sagas: (counts.get(key)?.sagas ?? 0) + 1 })
    }
    return [...counts.values()]
  }
}
