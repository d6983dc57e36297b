/** A definition, sagas that ran on it, and versions that would have decided them otherwise. */
import { z } from 'zod'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import type { EventEnvelope } from '../../shared/message/events.ts'
import { partitionOf } from '../../shared/message/murmur2.ts'
import type { NewRecord } from '../../shared/message/record.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import { saga } from '../../shared/saga/builder.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import { batchOf, type Chains } from './fabricate-log.ts'
import { bank, carrier, stock } from './fulfil.ts'
import { RecordedSaga } from './recorded-saga.ts'

const Order = z.object({ id: z.string(), cents: z.int() })

interface Changes {
  readonly version?: number
  readonly attempts?: number
  readonly input?: z.ZodType<z.infer<typeof Order>>
  readonly fee?: number
}

function begun({ version = 1, attempts = 3, input: schema = Order, fee = 0 }: Changes) {
  return saga('fulfil', { version, input: schema, deadline: '1 hour' })
    .step('stock', stock.reserve, ({ input }) => ({ orderId: input.id }))
    .undo(stock.release, ({ input }) => ({ orderId: input.id }))
    .step('charge', bank.charge, ({ input }) => ({ orderId: input.id, cents: input.cents + fee }), {
      retry: { attempts, firstDelay: '10 s', jitter: 'none' },
    })
    .undo(bank.refund, ({ input }) => ({ orderId: input.id }))
    .pivot('ship', carrier.ship, ({ stock }) => ({ parcel: stock.parcel }))
}

/** The version that the logs are of, or one with something changed. */
export function fulfilWith(changes: Changes = {}) {
  return begun(changes).output(({ ship }) => ({ tracking: ship.tracking }))
}

/** One with a step more at its end. */
export const notifying = begun({ version: 2 })
  .step('notify', carrier.notify, ({ ship }) => ({ tracking: ship.tracking }))
  .output(({ ship }) => ({ tracking: ship.tracking }))

export const recordedOn = fulfilWith()

/** One in which `charge` has another name. */
export const paying: Definition = {
  ...fulfilWith({ version: 2 }),
  steps: recordedOn.steps.map((step) => ({ ...step, name: renamed(step.name), after: step.after.map(renamed) })),
}

function renamed(name: string): string {
  return name === 'charge' ? 'pay' : name
}

const order = (id: string) => new RecordedSaga(recordedOn, id).start({ id, cents: 2_500 })
const reserved = (id: string) => order(id).answer('stock', 'success', { parcel: 'p-1' })
const paid = (saga: RecordedSaga) => saga.answer('charge', 'success', { chargeId: 'c-1' })
const shipped = (saga: RecordedSaga) => saga.answer('ship', 'success', { tracking: 't-1' })

/** One is done, one had its card declined, one was charged at the second attempt, one has only begun. */
export const recordedSagas: readonly (readonly EventEnvelope[])[] = [
  shipped(paid(reserved('order-1'))),
  reserved('order-2').answer('charge', 'rejected', { code: 'card-declined' }).answer('stock', 'success', null),
  shipped(paid(reserved('order-3').answer('charge', 'failed', { code: 'bank-down' }).fire())),
  reserved('order-4'),
].map(({ history }) => history)

/** The bank said when to come back: nobody's policy. */
export const askedToWait = paid(reserved('order-5').answer('charge', 'failed', { code: 'busy' }, 77_000).fire()).history

const TOPIC = 'kasaga.events'

/** A log of these, each decision in a batch of its own. */
export async function shadowLog(
  sagas: readonly (readonly EventEnvelope[])[],
  change: (records: NewRecord[]) => NewRecord[] = (records) => records,
): Promise<Broker> {
  const broker = new MemoryLog({ clock: systemClock }).connect()
  await broker.createTopics([{ name: TOPIC, partitions: 2, retention: 'forever' }])
  const numbers = [0, 0]
  const chains: Chains = new Map()
  for (const saga of sagas)
    for (const events of Map.groupBy(saga, ({ causationId }) => causationId).values()) {
      const partition = partitionOf(events[0]?.sagaId ?? '', 2)
      const number = (numbers[partition] ?? 0) + 1
      numbers[partition] = number
      await broker.append([{ topic: TOPIC, partition, records: change(batchOf(events, { number }, chains)) }])
    }
  return broker
}
