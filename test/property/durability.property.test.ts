/**
 * A log that is written before it is durable: nobody but who asked for it hears of a record, or of an append, that a loss of
 * power would take; and each member has every record once, in order.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { InProcessBroker } from '../../shared/adapters/in-process/in-process-broker.ts'
import { InProcessLog } from '../../shared/adapters/in-process/in-process-log.ts'
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts'
import { MemoryStore } from '../../shared/adapters/memory/memory-store.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import type { NewRecord } from '../../shared/message/record.ts'
import type { AppendResult, GroupListener } from '../../shared/ports/broker.ts'
import { must } from './must.ts'
import { parameters } from './property-runs.ts'

const place = { topic: 't', partition: 0 }
const record = (value: string): NewRecord => ({ key: null, value, headers: [] })
const trouble = () => new OperationalError('log-io', 'the disk does not take it', { where: 'test', retriable: true })

/** Its syncs end when they are told to. */
class LazyStore extends MemoryStore {
  /** Where what is durable ends. */
  durable = 0n
  failing = false
  #under: { readonly end: bigint; done(): void; failed(error: Error): void } | undefined

  sync(): Promise<void> {
    must(!this.#under, () => 'one sync at a time')
    if (this.failing) return Promise.reject(trouble())
    return new Promise((done, failed) => {
      this.#under = { end: this.end(place), done, failed }
    })
  }

  override write(...given: Parameters<MemoryStore['write']>) {
    return this.failing ? { kind: 'refused' as const, error: trouble() } : super.write(...given)
  }

  settle(kind: 'done' | 'failed'): void {
    const under = this.#under
    this.#under = undefined
    if (!under) return
    if (kind === 'done') this.durable = under.end
    else this.failing = true
    if (kind === 'done') under.done()
    else under.failed(trouble())
  }
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('append' as const), beforeSync: fc.boolean() }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'done' as const }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'failed' as const }, { kind: 'recovered' as const }) },
  { weight: 2, arbitrary: fc.constantFrom({ kind: 'read' as const }, { kind: 'join' as const }) },
)

interface Listening {
  readonly got: bigint[]
  readonly beforeSync: boolean
}

test('what a loss of power would take is told to nobody who did not ask for it, and all else to everyone, once', async () => {
  const seen = { early: 0, failed: 0 }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
      const clock = new ManualClock()
      const store = new LazyStore(clock)
      store.createTopic({ name: 't', partitions: 1, retention: 'forever' })
      const log = new InProcessLog(store, clock)
      const broker = new InProcessBroker(log)
      const members: Listening[] = []
      const join = async (beforeSync: boolean) => {
        const mine: Listening = { got: [], beforeSync }
        members.push(mine)
        const listener: GroupListener = {
          assigned: () => {},
          revoked: async () => {},
          records: (_topic, _partition, records) => {
            for (const { offset } of records) {
              must(beforeSync || offset < store.durable, () => `${offset} was given on too early`)
              if (offset >= store.durable) seen.early++
              mine.got.push(offset)
            }
          },
          trouble: (error) => must(false, () => error.message),
        }
        const member = await broker.join({ group: `g${members.length}`, topics: ['t'], beforeSync }, listener)
        await clock.advance(0)
        member.open('t', 0, 0n)
      }
      const answered = (result: AppendResult, beforeSync: boolean) => {
        if (result.kind === 'appended')
          must(beforeSync || result.baseOffset < store.durable, () => `${result.baseOffset} was acknowledged too early`)
        else seen.failed++
      }
      const recover = () => {
        if (!store.failing) return
        store.failing = false
        store.durable = store.end(place)
        log.recovered()
      }
      await join(true)
      await join(false)
      for (const [i, one] of steps.entries()) {
        if (one.kind === 'append') {
          void broker
            .append([{ ...place, records: [record(`${i}`)], beforeSync: one.beforeSync }])
            .then(([result]) => result && answered(result, one.beforeSync))
        } else if (one.kind === 'read') void readAll(broker, store)
        else if (one.kind === 'join') await join(i % 2 === 0)
        else if (one.kind === 'recovered') recover()
        else store.settle(one.kind)
        await clock.advance(0)
      }
      for (let i = 0; i < 4; i++) {
        recover()
        await clock.advance(0)
        store.settle('done')
        await clock.advance(0)
      }
      const all = Array.from({ length: Number(store.end(place)) }, (_, i) => BigInt(i))
      for (const { got, beforeSync } of members)
        must(got.join() === all.join(), () => `of ${all} came ${got}, ${beforeSync ? 'early' : 'late'}`)
    }),
    parameters(300),
  )
  for (const [what, times] of Object.entries(seen)) expect([what, times > 0]).toEqual([what, true])
})

async function readAll(broker: InProcessBroker, store: LazyStore): Promise<void> {
  try {
    for await (const records of broker.read('t', 0, 0n))
      for (const { offset } of records) must(offset < store.durable, () => `${offset} was read too early`)
  } catch (error) {
    must(error instanceof OperationalError, () => String(error))
  }
}
