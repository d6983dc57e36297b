/** Asks the gateway for orders all the while, so that it has something under way whatever happens. */
import type { Stream } from '../../simulation/world/streams.ts'
import { oneOf, pause } from '../faults/scene.ts'
import type { Place } from '../stage/roster.ts'
import type { OrderLoad } from './order-load.ts'

const EVERY_MS = 200
const ANSWER_MS_MAX = 30_000
const OUT_MAX = 20

export interface Visits {
  answered: number
  /** With a status of 500 or more: it could not know. */
  refused: number
  /** It was not there, or the connection broke. */
  unreachable: number
  /** No answer for 30 s. */
  late: number
}

export class Visitor {
  readonly visits: Visits = { answered: 0, refused: 0, unreachable: 0, late: 0 }
  readonly #gateway: Place
  readonly #load: OrderLoad
  readonly #out = new Set<Promise<void>>()
  #over = false
  #running: Promise<void> | undefined

  constructor(gateway: Place, load: OrderLoad) {
    this.#gateway = gateway
    this.#load = load
  }

  start(dice: Stream): void {
    this.#running = this.#run(dice)
  }

  async end(): Promise<void> {
    this.#over = true
    await this.#running
    await Promise.all(this.#out)
  }

  /** Its status as the gateway tells it; `undefined`: it does not. */
  async statusOf(sagaId: string): Promise<string | undefined> {
    const answer = await this.#ask(sagaId)
    return answer?.ok ? ((await answer.json()) as { status: string }).status : undefined
  }

  async #run(dice: Stream): Promise<void> {
    while (!this.#over) {
      const order = oneOf(dice, this.#load.acknowledged)
      if (order && this.#out.size < OUT_MAX) {
        const visit = this.#visit(order.id).then(() => void this.#out.delete(visit))
        this.#out.add(visit)
      }
      await pause(EVERY_MS)
    }
  }

  async #visit(sagaId: string): Promise<void> {
    const answer = await this.#ask(sagaId)
    if (!answer) return
    if (answer.status >= 500) this.visits.refused++
    else this.visits.answered++
  }

  async #ask(sagaId: string): Promise<Response | undefined> {
    const { url } = this.#gateway
    if (url === undefined) return undefined
    return fetch(`${url}/v1/sagas/${sagaId}`, { signal: AbortSignal.timeout(ANSWER_MS_MAX) }).catch((error) => {
      if (error instanceof Error && error.name === 'TimeoutError') this.visits.late++
      else this.visits.unreachable++
      return undefined
    })
  }
}
