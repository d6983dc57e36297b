/** Orders that are each cancelled at a moment of its own, drawn from a seed; every one of them must end clean. */
import { expect } from 'vitest'
import { cancelledOrder } from '../../../docs/examples/cancelled-order.ts'
import { seededRandom } from '../../../shared/adapters/system/seeded-random.ts'
import { LEFT, orderLeavingIn } from './cases/cancelled-order.ts'
import type { ExampleInstallation } from './installation.ts'

/** The parcel may leave in the middle of the time in which cancels come: on a machine with nothing else to do. */
const LEAVES_IN_MS = 60
export const CANCELLED_WITHIN_MS = 140

export interface Ends {
  readonly completed: number
  readonly compensated: number
}

/** Runs so many at once, each cancelled within so many milliseconds. Answers how they ended. */
export async function cancelAtAnyMoment(
  installation: ExampleInstallation,
  seeds: readonly number[],
  withinMs: number,
): Promise<Ends> {
  const ends = await Promise.all(seeds.map((seed) => cancelOne(installation, seed, withinMs)))
  const count = (status: string) => ends.filter((end) => end === status).length
  return { completed: count('completed'), compensated: count('compensated') }
}

async function cancelOne(installation: ExampleInstallation, seed: number, withinMs: number): Promise<string | null> {
  const id = `cancel-seed-${seed}`
  const waitMs = seededRandom(seed).next() * withinMs
  await installation.client.start(cancelledOrder, id, orderLeavingIn(id, LEAVES_IN_MS))
  await new Promise((resolve) => setTimeout(resolve, waitMs))
  await installation.client.cancel(id, { actor: 'customer', reason: `after ${waitMs} ms` })
  const { status } = await installation.ended(id)
  const net = await installation.net(id)
  const told = `seed ${seed}, cancelled after ${waitMs} ms: ${JSON.stringify(net)}`
  if (status === 'completed') expect(net, told).toEqual(LEFT)
  else {
    expect(status, told).toBe('compensated')
    expect(
      Object.values(net).filter((what) => what !== 'undone'),
      told,
    ).toEqual([])
  }
  return status
}
