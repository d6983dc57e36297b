/** How the acknowledged orders have ended, held against what each of them allows (S20 and the business of the shop). */
import { listSagas, SAGAS_LISTED_MAX, type SagaMark } from '../../../shared/adapters/postgres/view-queries.ts'
import { endsImpliedBy } from '../../support/kafka-home/shop.ts'
import type { OrderLoad } from '../load/order-load.ts'
import type { Stage } from '../stage/stage.ts'
import type { Violation } from './violation.ts'

export interface Ends {
  readonly acknowledged: number
  readonly completed: number
  readonly compensated: number
  /** Compensated, though a shop that nothing had disturbed could have fulfilled them. */
  readonly givenUp: number
  readonly stuck: number
  readonly violations: readonly Violation[]
}

const TOLD_MAX = 5

export async function endsOf(stage: Stage, { acknowledged }: OrderLoad): Promise<Ends> {
  const status = await statuses(stage)
  const ends = { completed: 0, compensated: 0, givenUp: 0, stuck: 0 }
  const wrong: Violation[] = []
  for (const order of acknowledged) {
    const fulfillable = endsImpliedBy([order]).completed === 1
    const is = status.get(order.id)
    if (is === 'completed' && !fulfillable)
      wrong.push({ id: 'S8', message: `${order.id} is completed, and must not be` })
    if (is === 'completed') ends.completed++
    else if (is === 'compensated') {
      ends.compensated++
      if (fulfillable) ends.givenUp++
    } else {
      if (is === 'stuck') ends.stuck++
      wrong.push({
        id: is === undefined ? 'S20' : 'L1',
        message: `${order.id} was acknowledged, and is ${is ?? 'gone'}`,
      })
    }
  }
  const more = wrong.length - TOLD_MAX
  const violations = wrong.slice(0, TOLD_MAX)
  if (more > 0) violations.push({ id: 'L1', message: `and ${more} more orders like these` })
  return { acknowledged: acknowledged.length, ...ends, violations }
}

async function statuses({ home }: Stage): Promise<ReadonlyMap<string, string | null>> {
  const { db } = (await home.views()).store
  const all = new Map<string, string | null>()
  let after: SagaMark | undefined
  do {
    const page = await listSagas(db, { limit: SAGAS_LISTED_MAX, ...(after && { after }) })
    for (const { saga_id, status } of page.sagas) all.set(saga_id, status)
    after = page.next
  } while (after)
  return all
}
