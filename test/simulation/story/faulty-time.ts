/** Sagas are started, persons ask anything of them, strays come, and a new version of the definition, while faults last. */
import type { Json } from '../../../shared/message/json.ts'
import { partitionOf } from '../../../shared/message/murmur2.ts'
import { anyLimits } from '../actors/any-limits.ts'
import { Client } from '../actors/clients.ts'
import { anyAct } from '../actors/persons.ts'
import { rubbish, strayReply } from '../actors/strays.ts'
import { TOPICS } from '../world/network.ts'
import { PARTICIPANTS } from '../world/plans.ts'
import { type Stream, streamOf } from '../world/streams.ts'
import type { World } from '../world/world.ts'

/** In this part of the faulty time sagas are started. */
const STARTING = 0.6
const WHY = { actor: 'ann', reason: 'why not' }
const INPUT = { n: 1, rows: [3, 1, 2] }

export class FaultyTime {
  /** Sagas whose start was acknowledged. */
  readonly acknowledged = new Set<string>()
  readonly clients: readonly [Client, Client]
  readonly #world: World
  readonly #stream: Stream
  /** What must have been heard before the sagas can be counted. */
  readonly #waiting: Promise<void>[] = []

  constructor(world: World) {
    this.#world = world
    this.#stream = streamOf(world.options.seed, 'story')
    this.clients = [new Client(world, 'one'), new Client(world, 'two')]
  }

  /** Schedules all that is to come. */
  plan(): void {
    const { sagas, acts, sleepers, faultyMs } = this.#world.options
    for (let i = 0; i < sagas; i++) {
      const at = this.#stream.below(faultyMs * STARTING)
      this.#at(at, () => this.#start(`saga-${i}`))
      for (let n = 0; n < acts; n++) this.#planAct(`saga-${i}`, at)
    }
    if (sleepers > 0) this.#at(0, () => this.#startSleepers(sleepers))
    this.#planStrays()
    this.#planLimits()
    if (this.#world.plans.next) this.#at(this.#stream.below(faultyMs * STARTING), () => this.#nextComes())
  }

  /** Settles when all starts have been acknowledged. */
  async heard(): Promise<void> {
    await Promise.all(this.#waiting)
  }

  #at(ms: number, then: () => void): void {
    this.#world.scheduler.schedule(ms, then)
  }

  #start(id: string): void {
    const { rates } = this.#world.options
    this.#ask(id, INPUT)
    if (!this.#stream.perMille(rates.rivals)) return
    this.#world.situations.came('rivals')
    this.#ask(id, this.#stream.below(2) === 0 ? INPUT : { ...INPUT, n: 2 }, 1)
  }

  #ask(id: string, input: Json, by: 0 | 1 = 0): void {
    const { plans, isNextKnown } = this.#world
    const definition = plans.next && isNextKnown && this.#stream.below(2) === 0 ? plans.next : plans.main
    const heard = this.clients[by].ask((client) => client.start(definition, id, input))
    this.#waiting.push(heard.then(() => void this.acknowledged.add(id)))
  }

  #planAct(id: string, from: number): void {
    const { faultyMs } = this.#world.options
    const act = anyAct(id, this.#stream.numbers(4))
    const by = this.#stream.below(2) === 0 ? 0 : 1
    this.#at(from + this.#stream.below(faultyMs - from), () => {
      void this.clients[by].ask((client) => client.send(act))
    })
  }

  #startSleepers(count: number): void {
    const { sleepers } = this.#world.plans
    const all = Array.from({ length: count }, (_, i) => ({ sagaId: `sleeper-${i}`, input: null }))
    const heard = this.clients[0].ask((client) => client.startMany(sleepers, all))
    const add = () => {
      for (const { sagaId } of all) this.acknowledged.add(sagaId)
    }
    this.#waiting.push(heard.then(add))
  }

  #planStrays(): void {
    const { rates, sagas, faultyMs } = this.#world.options
    for (let i = 0; i < sagas; i++) {
      if (this.#stream.perMille(rates.rubbish)) this.#at(this.#stream.below(faultyMs), () => this.#rubbish())
      if (this.#stream.perMille(rates.strays)) this.#at(this.#stream.below(faultyMs), () => this.stray(`saga-${i}`))
    }
  }

  /** Set, changed and taken away at any time; in some seeds nobody limits anything. */
  #planLimits(): void {
    const { sagas, faultyMs, seed } = this.#world.options
    const stream = streamOf(seed, 'limits')
    const count = stream.below(3) === 0 ? 0 : stream.below(2 * sagas)
    for (let i = 0; i < count; i++) {
      const participant = stream.one(PARTICIPANTS)
      const limits = anyLimits(stream.numbers(16))
      this.#at(stream.below(faultyMs), () => {
        void this.clients[1].ask((client) => client.limit(participant, limits, WHY))
      })
    }
  }

  /** Nobody limits anything any more. */
  async unlimit(): Promise<void> {
    await Promise.all(PARTICIPANTS.map((name) => this.clients[0].ask((client) => client.limit(name, null, WHY))))
  }

  #rubbish(): void {
    const record = rubbish(this.#stream)
    this.clients[1].write(TOPICS.commands, partitionOf(String(record.key), this.#world.options.partitions), record)
  }

  /** Of an attempt, a step or a saga that is not what is waited for, or of what is over. */
  stray(saga: string): void {
    const sagaId = this.#stream.below(4) === 0 ? 'saga-nobody' : saga
    const step = this.#stream.one(['a0', 'a0', 'a1', 'nothing'])
    const reply = strayReply({ sagaId, step, attempt: 1 + this.#stream.below(2) }, this.#world.scheduler.now())
    this.clients[1].write(TOPICS.replies, partitionOf(sagaId, this.#world.options.partitions), reply)
  }

  /** All who decide are told of it, one after the other, before anybody starts a saga on it. */
  #nextComes(): void {
    const world = this.#world
    const { main, next } = world.plans
    if (world.situations.hasLive(main.name, main.version)) world.situations.came('newVersion')
    world.nextCame = true
    for (const process of world.crews.orchestrator.processes) void world.crews.orchestrator.restart(process)
    if (!next || this.#stream.below(2) === 0) return
    const migrate = { actor: 'ann', reason: 'a new version', toVersion: next.version }
    for (let i = 0; i < world.options.sagas; i++)
      this.#at(this.#stream.below(3_000), () => {
        if (world.isNextKnown) void this.clients[0].ask((client) => client.migrate(`saga-${i}`, migrate))
      })
  }
}
