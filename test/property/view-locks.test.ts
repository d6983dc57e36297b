/** What the views say of locks is what their owners know, wherever the log is cut into chunks. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lockId, sagaId } from '../../shared/message/ids.ts'
import { type LockCommand, lockCommandRecord } from '../../shared/message/lock-command.ts'
import type { LogRecord } from '../../shared/message/record.ts'
import { InputQueue } from '../../shared/runtime/input-queue.ts'
import { ORCHESTRATOR_LIMITS } from '../../shared/runtime/limits.ts'
import { LogReplay } from '../../shared/runtime/log-replay.ts'
import { batchOf } from '../../shared/runtime/own-log.ts'
import { NOTHING_CONSUMED, PartitionState } from '../../shared/runtime/partition-state.ts'
import { takeTurn } from '../../shared/runtime/turn.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { openAsks } from '../../shared/view/lock-standing.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import { foldView, tableRows } from '../support/fold-view.ts'
import { delivered } from '../support/wire.ts'
import { parameters } from './property-runs.ts'

const none = new Definitions([])
const LOCKS = ['a', 'b']

const commands = fc.array(
  fc.record({
    lock: fc.constantFrom(...LOCKS),
    saga: fc.nat(5).map((n) => sagaId(`s-${n}`)),
    kind: fc.constantFrom('ask', 'ask', 'ask', 'free', 'leave', 'take-away'),
    attempt: fc.integer({ min: 1, max: 3 }),
  }),
  { maxLength: 60 },
)

function commandOf(
  { lock, saga, kind, attempt }: typeof commands extends fc.Arbitrary<(infer One)[]> ? One : never,
  i: number,
): LockCommand {
  const to = { lockId: lockId(lock), requestId: `r-${i}`, askedAt: 1_000 + i }
  const asker = { saga, step: 'stock', attempt }
  if (kind === 'ask') return { kind, ...to, asker, permits: lock === 'a' ? 1 : 2 }
  if (kind === 'free') return { kind, ...to, asker }
  return kind === 'leave' ? { kind, ...to, saga } : { kind: 'take-away', ...to, saga, actor: 'ann', reason: 'so' }
}

/** What one partition's owner makes of them, a batch for every few. */
function logOf(all: readonly LockCommand[], turnInputsMax: number): LogRecord[] {
  const state = new PartitionState(none, { endedSagasMax: 10, endedWholeMax: 10 })
  const queue = new InputQueue()
  all.forEach((command, i) => {
    const record = lockCommandRecord(command, { at: 1_000 + i, source: '/test' })
    queue.push({ source: 'commands', record: delivered(record, BigInt(i), 'kasaga.commands') })
  })
  const records: LogRecord[] = []
  let marks = NOTHING_CONSUMED
  for (let number = 1; queue.length > 0; number++) {
    const limits = { ...ORCHESTRATOR_LIMITS, turnInputsMax }
    const base = { state, definitions: none, limits, random: { next: () => 0.5 }, source: '/kasaga' }
    const turn = takeTurn(queue, { ...base, now: 2_000 + number, marks })
    marks = turn.marks
    for (const record of batchOf(turn, { number, owner: 'o', sentThrough: 0 }, { at: 2_000, source: '/kasaga' }))
      records.push(delivered(record, BigInt(records.length), 'kasaga.events'))
  }
  return records
}

test('rows of locks are what their owner knows', async () => {
  const cases = fc.record({
    commands,
    size: fc.integer({ min: 1, max: 9 }),
    cuts: fc.array(fc.nat(30), { maxLength: 12 }),
  })
  const property = fc.asyncProperty(cases, async ({ commands: said, size, cuts }) => {
    const records = logOf(said.map(commandOf), size)
    const whole = tableRows(sagasProjection, foldView(sagasProjection, records), 'locks')
    expect(tableRows(sagasProjection, foldView(sagasProjection, records, cuts), 'locks')).toEqual(whole)
    const replay = new LogReplay(none, { endedSagasMax: 10, endedWholeMax: 10 })
    await replay.readOn(
      {
        read: async function* () {
          yield records
        },
      } as never,
      'kasaga.events',
      0,
    )
    for (const row of whole) {
      const { asks } = replay.state.locks.known(lockId(String(row.resource)))
      const known = asks.map(({ saga, step, attempt, since, token, grantedAt }) => ({
        ...{ saga, step, attempt, since },
        ...(token !== undefined && { token, heldSince: grantedAt }),
      }))
      expect(openAsks(row.asks as string | null)).toEqual(known)
      expect(row.holders).toBe(new Set(asks.filter(({ token }) => token !== undefined).map(({ saga }) => saga)).size)
    }
  })
  await fc.assert(property, parameters(300))
})
