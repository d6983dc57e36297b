/** All participants that generated sagas know, as one service on the log: each keeps its side of the contract. */
import { asDirection, asPositive, replyRecord } from '../../../shared/message/command-record.ts'
import { H } from '../../../shared/message/headers.ts'
import { isSagaId } from '../../../shared/message/ids.ts'
import { partitionOf } from '../../../shared/message/murmur2.ts'
import { headersOf, type LogRecord, type NewRecord } from '../../../shared/message/record.ts'
import { participantTopic } from '../../../shared/message/topics.ts'
import type { GroupMember } from '../../../shared/ports/broker.ts'
import { sleep } from '../../../shared/ports/clock.ts'
import { LawfulParticipants } from '../lawful-participants.ts'
import { GOOD } from '../lossy-world.ts'
import { must } from '../must.ts'
import { type FaultySystem, TOPICS } from './faulty-system.ts'

const RETRY_MS = 50

/** Handles what is delivered, some of it twice, and answers until the answer is in the log. */
export class Everybody {
  readonly participants = new LawfulParticipants()
  readonly #world: FaultySystem
  #replies = 0

  constructor(world: FaultySystem) {
    this.#world = world
  }

  async start(names: readonly string[]): Promise<void> {
    if (names.length === 0) return
    const topics = names.map(participantTopic)
    const taking: { member?: GroupMember } = {}
    taking.member = await this.#world.log.connect().join(
      { group: 'everybody', topics },
      {
        assigned: (partition) => {
          for (const topic of topics) taking.member?.open(topic, partition, 0n)
        },
        revoked: async () => {},
        records: (_, __, records) => {
          for (const record of records) void this.#take(record)
        },
        trouble: (error) => {
          throw error
        },
      },
    )
  }

  async #take(record: LogRecord): Promise<void> {
    const times = this.#world.chance < this.#world.faultShare / 2 ? 2 : 1
    for (let i = 0; i < times; i++) await this.#answer(record)
  }

  async #answer(record: LogRecord): Promise<void> {
    const headers = headersOf(record)
    const [sagaId, step] = [headers.get(H.sagaId) ?? '', headers.get(H.stepId) ?? '']
    const direction = asDirection(headers.get(H.direction))
    const attempt = asPositive(headers.get(H.attempt))
    must(isSagaId(sagaId) && step !== '' && attempt !== undefined, () => 'a command says what it is about')
    if (!isSagaId(sagaId) || !direction) return
    const luck = this.#world.faultShare > 0 ? Math.floor(this.#world.chance * 100) : GOOD
    const outcome = this.participants.handle({ sagaId, step, direction }, luck)
    const body = JSON.stringify(outcome === 'success' ? { n: 1 } : { code: 'c' })
    const stamp = { id: `reply-${++this.#replies}`, at: this.#world.clock.now(), source: '/everybody' }
    await this.#append(replyRecord(record, { outcome, body }, stamp))
  }

  async #append(reply: NewRecord): Promise<void> {
    const broker = this.#world.broker()
    const partition = partitionOf(reply.key ?? '', await broker.partitions(TOPICS.replies))
    for (;;) {
      const [result] = await broker.append([{ topic: TOPICS.replies, partition, records: [reply] }])
      if (result?.kind === 'appended') return
      await sleep(this.#world.clock, RETRY_MS)
    }
  }
}
