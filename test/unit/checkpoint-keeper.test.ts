import { expect, test } from 'vitest'
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import { CHECKPOINT_INTERVAL_MS, CheckpointKeeper } from '../../shared/participant/checkpoint-keeper.ts'
import { noLog } from '../../shared/ports/telemetry.ts'

function keeping(fails: (next: bigint, tries: number) => OperationalError | undefined = () => undefined) {
  const clock = new ManualClock()
  const tried: bigint[] = []
  const commit = async (next: bigint) => {
    tried.push(next)
    const error = fails(next, tried.length)
    if (error) throw error
  }
  return { clock, tried, keeper: new CheckpointKeeper({ clock, log: noLog, commit }) }
}

test('the first is kept at once, then the newest of each interval', async () => {
  const { clock, tried, keeper } = keeping()
  for (const next of [1n, 2n, 3n]) keeper.keep(next)
  await clock.advance(0)
  for (const next of [4n, 5n]) keeper.keep(next)
  await clock.advance(CHECKPOINT_INTERVAL_MS - 1)
  expect(tried).toEqual([1n])
  await clock.advance(1)
  expect(tried).toEqual([1n, 5n])
  await clock.advance(10 * CHECKPOINT_INTERVAL_MS)
  expect(tried).toEqual([1n, 5n])
  keeper.keep(6n)
  await clock.advance(0)
  expect(tried).toEqual([1n, 5n, 6n])
})

test('closing keeps the newest without waiting for the interval, and nothing twice', async () => {
  const { clock, tried, keeper } = keeping()
  keeper.keep(1n)
  await clock.advance(0)
  keeper.keep(2n)
  await keeper.close()
  expect(tried).toEqual([1n, 2n])
  const idle = keeping()
  idle.keeper.keep(1n)
  await idle.clock.advance(CHECKPOINT_INTERVAL_MS)
  await idle.keeper.close()
  expect(idle.tried).toEqual([1n])
})

test('what failed and may work later is tried again, what never will is not', async () => {
  const trouble = (retriable: boolean) => new OperationalError('no', 'no', { where: 'test', retriable })
  const passing = keeping((_, tries) => (tries < 3 ? trouble(true) : undefined))
  passing.keeper.keep(1n)
  await passing.clock.advance(5 * CHECKPOINT_INTERVAL_MS)
  expect(passing.tried).toEqual([1n, 1n, 1n])
  const lasting = keeping(() => trouble(false))
  lasting.keeper.keep(1n)
  await lasting.clock.advance(5 * CHECKPOINT_INTERVAL_MS)
  expect(lasting.tried).toEqual([1n])
})
