/** The participant that the README shows, as a module, and what it has to do wherever it runs. */
import type { Kysely } from 'kysely'
import { expect } from 'vitest'
import { migrateInbox } from '../../../shared/adapters/postgres/inbox-table.ts'
import { systemClock } from '../../../shared/adapters/system/system-clock.ts'
import type { ParticipantService } from '../../../shared/participant/participant-service.ts'
import type { Broker } from '../../../shared/ports/broker.ts'
import type { Clock } from '../../../shared/ports/clock.ts'
import { ParticipantRig, type Sent } from '../participant-rig.ts'
import { layOutSnippets } from './snippets.ts'

export interface LoyaltyTables {
  readonly accounts: { readonly customer: string; readonly points: number }
}

interface Shown {
  readonly loyaltyService: (broker: Broker, clock: Clock, db: Kysely<LoyaltyTables>) => ParticipantService
}

const PARTITIONS = 2

/** Sends it commands, one of them twice, and looks at what it answers and at its table. Closes the broker. */
export async function tryReadmeParticipant(broker: Broker, db: Kysely<LoyaltyTables>): Promise<void> {
  const laidOut = layOutSnippets()
  const rig = await ParticipantRig.open('loyalty.commands', PARTITIONS, broker)
  try {
    const { loyaltyService } = await shown(laidOut.snippets.map(({ path }) => path))
    await migrateInbox(db)
    const table = db.schema.createTable('accounts').addColumn('customer', 'text', (column) => column.primaryKey())
    await table.addColumn('points', 'integer', (column) => column.notNull()).execute()
    await db.insertInto('accounts').values({ customer: 'ann', points: 1 }).execute()
    const grant = (saga: string, customer: string): Sent => {
      return { saga, type: 'loyalty.grant.v1', payload: { customer, points: 10 } }
    }
    const revoke: Sent = { ...grant('a', 'ann'), type: 'loyalty.revoke.v1', direction: 'compensate' }
    await rig.send(grant('a', 'ann'), grant('a', 'ann'), grant('b', 'ann'), grant('c', 'bob'))
    await rig.start(loyaltyService(broker, systemClock, db))
    const outcomes = async (atLeast: number) => {
      const replies = await rig.replies(atLeast)
      return replies.map(({ sagaId, outcome, errorCode }) => `${sagaId} ${outcome} ${errorCode ?? ''}`.trim()).sort()
    }
    const granted = ['a success', 'a success', 'b success', 'c rejected unknown-customer']
    expect(await outcomes(4)).toEqual(granted)
    expect(await points(db)).toBe(21)
    await rig.send(revoke)
    expect(await outcomes(5)).toEqual(['a success', ...granted])
    expect(await points(db)).toBe(11)
  } finally {
    await rig.close()
    laidOut.remove()
  }
}

async function points(db: Kysely<LoyaltyTables>): Promise<number> {
  return (await db.selectFrom('accounts').select('points').executeTakeFirstOrThrow()).points
}

/** The module among the snippets that has the participant. */
async function shown(paths: readonly string[]): Promise<Shown> {
  for (const path of paths.filter((one) => one.includes('README'))) {
    const module: Partial<Shown> = await import(path)
    if (module.loyaltyService) return { loyaltyService: module.loyaltyService }
  }
  throw new Error('the README shows no participant')
}
