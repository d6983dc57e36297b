/** Two services that start sagas and talk to them. Each may end at any moment; what it had not heard of it asks again. */
import { type SagaClient, sagaClient } from '../../../shared/client/saga-client.ts'
import type { NewRecord } from '../../../shared/message/record.ts'
import { TOPICS } from '../world/network.ts'
import type { Process } from '../world/process.ts'
import type { World } from '../world/world.ts'

export type Ask = (client: SagaClient) => Promise<unknown>

interface Wish {
  readonly ask: Ask
  readonly heard: () => void
}

const AGAIN_MS = 200

export class Client {
  readonly #world: World
  readonly #name: string
  readonly #wishes = new Set<Wish>()
  #process: Process
  #client: SagaClient

  constructor(world: World, name: string) {
    this.#world = world
    this.#name = name
    this.#process = this.#begin()
    this.#client = this.#clientOf(this.#process)
  }

  #begin(): Process {
    return this.#world.process('client', () => {
      this.#world.scheduler.schedule(this.#world.draw.restartMs(), () => this.#beginAgain())
    })
  }

  #beginAgain(): void {
    this.#process = this.#begin()
    this.#client = this.#clientOf(this.#process)
    for (const wish of this.#wishes) this.#try(wish)
  }

  #clientOf({ broker, clock }: Process): SagaClient {
    return sagaClient({ broker, clock, topics: TOPICS, ids: this.#world.ids, source: `/simulation/${this.#name}` })
  }

  /** Asks until it is acknowledged. */
  ask(ask: Ask): Promise<void> {
    return new Promise((heard) => {
      const wish = { ask, heard }
      this.#wishes.add(wish)
      if (!this.#process.isDead) this.#try(wish)
    })
  }

  /** Writes records as they are, without a look at what becomes of them. */
  write(topic: string, partition: number, record: NewRecord): void {
    if (!this.#process.isDead) void this.#process.broker.append([{ topic, partition, records: [record] }])
  }

  #try(wish: Wish): void {
    const { clock } = this.#process
    wish.ask(this.#client).then(
      () => {
        this.#wishes.delete(wish)
        wish.heard()
      },
      () => clock.schedule(AGAIN_MS, () => this.#try(wish)),
    )
  }
}
