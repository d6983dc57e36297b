/** The contract of the broker port: one suite that every adapter passes, whatever its latency. */
import { afterAll, beforeAll, describe } from 'vitest'
import type { Broker } from '../../shared/ports/broker.ts'
import { appendContract } from './broker/append-contract.ts'
import { deliveryContract } from './broker/delivery-contract.ts'
import { durabilityContract } from './broker/durability-contract.ts'
import { membershipContract } from './broker/membership-contract.ts'
import { readContract } from './broker/read-contract.ts'
import { topicContract } from './broker/topic-contract.ts'

export interface OpenedBroker {
  readonly broker: Broker
  /** Opens the same log once more; the suite has closed the broker before. Left out where nothing outlives a broker. */
  readonly reopen?: () => Promise<Broker>
  /** Ends what `open` started, after the suite has closed the broker. */
  close(): Promise<void>
}

/** Gives a test the broker as it is now: it is another one after a reopening. */
export type TheBroker = () => Broker

export function brokerContract(name: string, open: () => Promise<OpenedBroker>): void {
  describe(`the broker port on ${name}`, () => {
    let opened: OpenedBroker | undefined
    let broker: Broker | undefined

    beforeAll(async () => {
      opened = await open()
      broker = opened.broker
    })
    afterAll(async () => {
      await broker?.close()
      await opened?.close()
    })

    const theBroker: TheBroker = () => {
      if (!broker) throw new Error('the broker is not open')
      return broker
    }
    topicContract(theBroker)
    appendContract(theBroker)
    readContract(theBroker)
    deliveryContract(theBroker)
    membershipContract(theBroker)
    durabilityContract(theBroker, async () => {
      if (!opened?.reopen) return false
      await broker?.close()
      broker = await opened.reopen()
      return true
    })
  })
}
