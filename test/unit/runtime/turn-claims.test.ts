/** A turn where large values are kept aside: they count as what stands for them, up to limits of their own. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { PAYLOAD_BYTES_MAX } from '../../../shared/message/claim.ts'
import { clientCommandRecord } from '../../../shared/message/client-command-record.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import type { Json } from '../../../shared/message/json.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import { InputGate } from '../../../shared/runtime/input-gate.ts'
import { InputQueue } from '../../../shared/runtime/input-queue.ts'
import { ORCHESTRATOR_LIMITS, type OrchestratorLimits } from '../../../shared/runtime/limits.ts'
import { NOTHING_CONSUMED, PartitionState } from '../../../shared/runtime/partition-state.ts'
import { takeTurn } from '../../../shared/runtime/turn.ts'
import { saga } from '../../../shared/saga/builder.ts'
import { command, participant } from '../../../shared/saga/contract.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { delivered } from '../../support/wire.ts'

const RULE = { valueBytesMax: 262_144, payloadBytesMax: PAYLOAD_BYTES_MAX }

const press = participant('press', { print: command({ input: z.object({ text: z.string() }) }) })

const texts = z.object({ texts: z.array(z.string()) })

/** Prints its first text. */
const plain = saga('plain', { version: 1, input: texts })
  .step('print', press.print, ({ input }) => ({ text: input.texts[0] ?? '' }))
  .keep()
  .output(() => null)

/** Computes as many values from its first text as none of which is large. */
const copies = saga('copies', { version: 1, input: texts })
  .local('a', ({ input }) => input.texts[0])
  .local('b', ({ input }) => input.texts[0])
  .local('c', ({ input }) => input.texts[0])
  .local('d', ({ input }) => input.texts[0])
  .step('print', press.print, ({ input }) => ({ text: input.texts[0] ?? '' }))
  .keep()
  .output(() => null)

function start(id: string, texts: readonly string[], offset = 0, definition = 'plain') {
  const asked = { kind: 'start', sagaId: sagaId(id), requestId: `r-${id}`, definition, version: 1 } as const
  const input: Json = { texts }
  return delivered(clientCommandRecord({ ...asked, input }, { at: 0, source: '/test' }), BigInt(offset), 'commands')
}

function rig(claims: typeof RULE | undefined, limits: Partial<OrchestratorLimits> = {}) {
  const definitions = new Definitions([copies, plain])
  const state = new PartitionState(definitions, { endedSagasMax: 100, endedWholeMax: 100 })
  const queue = new InputQueue()
  let marks = NOTHING_CONSUMED
  const take = () => {
    const all = { ...ORCHESTRATOR_LIMITS, ...limits }
    const given = { state, definitions, limits: all, random: { next: () => 0.5 }, source: '/test', now: 1_000, marks }
    const turn = takeTurn(queue, { ...given, claims })
    marks = turn.marks
    return turn
  }
  const wait = (...records: readonly ReturnType<typeof start>[]) => {
    for (const record of records) queue.push({ source: 'commands', record })
  }
  return { queue, take, wait }
}

const text = (bytes: number) => 'x'.repeat(bytes)
const reasons = (turn: ReturnType<ReturnType<typeof rig>['take']>) => turn.dead.map(({ reason }) => reason)

test('5 MB start a saga and go to its participant; without a store they are too large, and the letter says what to set', () => {
  const large = start('s', [text(5_000_000)])
  const here = rig(RULE)
  here.wait(large)
  const turn = here.take()
  expect(reasons(turn)).toEqual([])
  expect(turn.effects).toHaveLength(1)
  const without = rig(undefined)
  without.wait(large, start('t', [text(880_000)], 1))
  const { dead } = without.take()
  expect(dead.map(({ reason }) => reason)).toEqual(['too-large', 'too-large'])
  for (const { message } of dead) expect(message).toContain('KASAGA_PAYLOADS names a store for larger values')
})

test('several large inputs fit into one batch', () => {
  const { take, wait, queue } = rig(RULE, { turnInputBytesMax: 100_000_000 })
  wait(...Array.from({ length: 5 }, (_, i) => start(`s-${i}`, [text(1_000_000)], i)))
  expect(take().inputs.applied).toBe(5)
  expect(queue.length).toBe(0)
})

test('values that are not quite large are kept aside together, where their decision would not fit otherwise', () => {
  const { take, wait } = rig(RULE)
  wait(start('s', [text(200_000)], 0, 'copies'))
  const turn = take()
  expect(reasons(turn)).toEqual([])
  expect(turn.effects).toHaveLength(1)
  const without = rig(undefined)
  without.wait(start('s', [text(200_000)], 0, 'copies'))
  expect(reasons(without.take())).toEqual(['too-large'])
})

test('what follows such a decision in its turn is counted as it is', () => {
  const { take, wait } = rig(RULE)
  wait(start('s', [text(200_000)], 0, 'copies'), start('t', [text(100)], 1))
  expect(take().inputs.applied).toBe(2)
})

test('a turn takes inputs up to a number of bytes, and one in any case', () => {
  const { take, wait, queue } = rig(RULE, { turnInputBytesMax: 1_500_000 })
  wait(...Array.from({ length: 5 }, (_, i) => start(`s-${i}`, [text(1_000_000)], i)))
  expect(queue.bytes).toBeGreaterThan(5_000_000)
  expect([take(), take(), take()].map(({ inputs }) => inputs.applied)).toEqual([2, 2, 1])
  expect(queue.bytes).toBe(0)
})

test('the values of one batch have a limit together: the next decision waits, one that is larger alone is refused', () => {
  const { take, wait } = rig(RULE, { batchPayloadBytesMax: 5_000_000 })
  wait(start('s', [text(1_500_000)]), start('t', [text(1_500_000)], 1), start('u', [text(3_000_000)], 2))
  expect(take().inputs.applied).toBe(1)
  expect(take().inputs.applied).toBe(1)
  const last = take()
  expect(reasons(last)).toEqual(['too-large'])
  expect(last.dead[0]?.message).toBe(
    `its events have more than 5000000 bytes, or one of them more than ${PAYLOAD_BYTES_MAX}`,
  )
})

test('an input of more than a payload may have is refused as it is read', () => {
  const { take, wait } = rig(RULE)
  wait(start('s', [text(PAYLOAD_BYTES_MAX)]))
  expect(reasons(take())).toEqual(['too-large'])
})

test('a gate holds delivery at so many bytes, and lets it go on at half of them', () => {
  const calls: string[] = []
  const note = (what: string) => (topic: string) => void calls.push(`${what} ${topic}`)
  const topics = kasagaTopics('k')
  const gate = new InputGate({
    ...{ partition: 0, topics, limits: { ...ORCHESTRATOR_LIMITS, queuedBytesMax: 2_000_000 } },
    holding: () => ({ open: note('open'), pause: note('pause'), resume: note('resume'), owns: () => true }),
  })
  const records = Array.from({ length: 3 }, (_, i) => start(`s-${i}`, [text(900_000)], i))
  gate.push(topics.commands, records.slice(0, 2))
  expect(calls).toEqual([])
  gate.push(topics.commands, records.slice(2))
  expect(calls).toEqual([`pause ${topics.commands}`])
  gate.queue.shift()
  gate.eased()
  expect(calls).toHaveLength(1)
  gate.queue.shift()
  gate.eased()
  expect(calls.slice(1)).toEqual([`resume ${topics.commands}`])
})
