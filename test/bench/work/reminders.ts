/** Sagas that sleep until a time, and how late they wake: when the log tells it, against when they were to. */
import type { SagaClient } from '../../../shared/client/saga-client.ts'
import { eventTypeHeader } from '../../../shared/message/event-record.ts'
import type { KasagaTopics } from '../../../shared/message/topics.ts'
import type { Broker } from '../../../shared/ports/broker.ts'
import { reminder } from './definitions.ts'
import { type LogWatch, type SeenEvent, watchLog } from './log-watch.ts'

export interface ReminderPorts {
  readonly broker: Broker
  readonly topics: KasagaTopics
  readonly client: SagaClient
}

const [ASLEEP, AWAKE] = [eventTypeHeader('wait-started'), eventTypeHeader('wait-ended')]
const CHUNK_SAGAS = 500
const TICK_MS = 10
const LOOK_AGAIN_MS = 10

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export class Reminders {
  readonly #client: SagaClient
  /** When each that is to wake in our time was to. */
  readonly #due = new Map<string, number>()
  #lateMs: number[] = []
  #begun = 0
  #asleep = 0
  #member: LogWatch | undefined
  #failure: Error | undefined
  /** How many have woken. */
  woken = 0

  private constructor(client: SagaClient) {
    this.#client = client
  }

  static async open({ client, ...ports }: ReminderPorts): Promise<Reminders> {
    const reminders = new Reminders(client)
    reminders.#member = await watchLog({
      ...ports,
      group: 'kasaga-bench-reminders',
      events: (events) => reminders.#read(events),
      failed: (error) => {
        reminders.#failure = error
      },
    })
    return reminders
  }

  /** Puts so many to sleep until that time, and waits until they are. */
  async sleep(count: number, until: number, withinMs: number): Promise<void> {
    for (let from = 0; from < count; from += CHUNK_SAGAS)
      await this.#start(Array.from({ length: Math.min(CHUNK_SAGAS, count - from) }, () => until))
    await this.#reached(() => this.#asleep >= this.#begun, withinMs)
  }

  /** Puts so many a second to sleep for so long, over a time; answers how late each woke, once all have. */
  async wake(
    { perSecond, sleepMs, forMs }: { readonly perSecond: number; readonly sleepMs: number; readonly forMs: number },
    withinMs: number,
  ): Promise<readonly number[]> {
    const began = performance.now()
    this.#lateMs = []
    for (let offered = 0, passed = 0; passed < forMs; passed = performance.now() - began) {
      const due = Math.floor((perSecond * passed) / 1_000) - offered
      offered += due
      const until = Date.now() + sleepMs
      // Each at a time of its own.
      if (due > 0)
        await this.#start(
          Array.from({ length: due }, (_, i) => until + Math.floor((i * TICK_MS) / due)),
          true,
        )
      await pause(TICK_MS)
    }
    await this.#reached(() => this.#due.size === 0, withinMs)
    return this.#lateMs
  }

  async close(): Promise<void> {
    await this.#member?.close()
  }

  async #start(untils: readonly number[], isAwaited = false): Promise<void> {
    const sagas = untils.map((until) => {
      const sagaId = `reminder-${this.#begun++}`
      if (isAwaited) this.#due.set(sagaId, until)
      return { sagaId, input: { id: sagaId, until } }
    })
    await this.#client.startMany(reminder, sagas)
  }

  async #reached(isSo: () => boolean, withinMs: number): Promise<void> {
    const until = performance.now() + withinMs
    while (!isSo()) {
      if (this.#failure) throw this.#failure
      if (performance.now() > until) throw new Error(`${this.#asleep} of ${this.#begun} sleep, ${this.woken} woke`)
      await pause(LOOK_AGAIN_MS)
    }
  }

  #read(events: readonly SeenEvent[]): void {
    const now = Date.now()
    for (const { type, sagaId } of events) {
      if (type === ASLEEP) this.#asleep++
      const due = type === AWAKE ? this.#due.get(sagaId) : undefined
      if (due === undefined) continue
      this.#due.delete(sagaId)
      this.#lateMs.push(now - due)
      this.woken++
    }
  }
}
