/** How a gateway hands forks in where its views are behind, or do not hold all: by tables of its own, at moments that a whole installation seldom shows. */
import { expect, test } from 'vitest'
import { type AskedFork, type ForkDesk, handIn } from '../../services/gateway/forks.ts'
import { GATEWAY_LIMITS } from '../../services/gateway/limits.ts'
import { RecentStarts } from '../../services/gateway/recent-starts.ts'
import { ViewWaits } from '../../services/gateway/view-waits.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import type { ClientCommand } from '../../shared/message/client-command-record.ts'
import { eventRecord } from '../../shared/message/event-record.ts'
import type { EventEnvelope } from '../../shared/message/events.ts'
import { sagaId } from '../../shared/message/ids.ts'
import { noMetrics } from '../../shared/ports/telemetry.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { isLive } from '../../shared/saga/state.ts'
import { stored } from '../support/fabricate-log.ts'
import { fulfil } from '../support/fulfil.ts'
import { Play } from '../support/play.ts'

const ID = sagaId('order-1')
const asked: AskedFork = {
  kind: 'fork',
  sagaId: ID,
  step: 'charge',
  fork: sagaId('order-2'),
  requestId: 'r-1',
  actor: 'ann',
  reason: 'so',
}

/** An order, and its history after each answer. */
function played(...answers: readonly ('stock' | 'charge' | 'ship' | 'notify')[]): Play {
  const play = new Play(fulfil, ID)
  play.start({ id: ID, cents: 5 })
  const outputs = { stock: { parcel: 'p' }, charge: { chargeId: 'c' }, ship: { tracking: 't' }, notify: null }
  for (const step of answers) play.answer(step, 'success', outputs[step])
  return play
}

const ALL = ['stock', 'charge', 'ship', 'notify'] as const

interface Seen {
  /** What the views say of the origin, before and after something was sent. */
  readonly before: Play
  readonly after?: Play
  /** Events whose data the views leave out. */
  readonly omits?: (envelope: EventEnvelope) => boolean
  /** The views come no further. */
  readonly stands?: boolean
  readonly limits?: Partial<typeof GATEWAY_LIMITS>
}

/** A gateway, and what it sent. The views show what was sent as soon as it is. */
function deskOf({ before, after = before, omits = () => false, stands = false, limits: own = {} }: Seen) {
  const sent: ClientCommand[] = []
  const now = () => (sent.length > 0 ? after : before)
  const limits = { ...GATEWAY_LIMITS, waitPollMs: 1, forkShownMsMax: 20, ...own }
  const rowOf = ({ state, history }: Play) => {
    const ended = state && !isLive(state)
    return { saga_id: ID, ended_at: ended ? 1 : null, seq: history.length, input_hash: 'h', origin_saga_id: null }
  }
  const reads = {
    saga: async (id: string) => {
      if (id === ID) return rowOf(now())
      const start = sent.find((one) => one.kind === 'start')
      return start && !stands ? { saga_id: id, origin_saga_id: ID } : undefined
    },
    events: async (_: string, from: number, limit: number) =>
      now()
        .history.slice(from, from + limit)
        .map((envelope, i) => {
          const { type, ...data } = envelope.event
          const place = { topic: 'kasaga.events', partition: 0, offset: String(from + i) }
          const shown = omits(envelope) ? { 'kasaga:omitted': { bytes: 1_000_000 } } : data
          const { seq, at, causationId } = envelope
          return { saga_id: ID, seq, at, causation_id: causationId, type, ...place, data: shown }
        }),
    forked: async () => undefined,
    checkpoints: async () => [{ projection: 'sagas', partition: 0, commands: stands ? 0n : 1n }],
  } as unknown as ForkDesk['reads']
  const client = {
    send: async (command: ClientCommand) => {
      sent.push(command)
      return { topic: 'kasaga.commands', partition: 0, offset: 0n }
    },
  } as unknown as ForkDesk['client']
  async function* read(topic: string, partition: number, from: bigint) {
    const records = now().history.map((envelope) => eventRecord(envelope, '/test'))
    yield records
      .slice(Number(from))
      .map((record, i) => stored(record, { topic, partition, offset: from + BigInt(i), timestamp: 0 }))
    throw new Error('more of the log was read than one record')
  }
  const desk: ForkDesk = {
    client,
    definitions: new Definitions([fulfil]),
    reads,
    clock: systemClock,
    limits,
    broker: { read } as unknown as ForkDesk['broker'],
    waits: new ViewWaits({ clock: systemClock, metrics: noMetrics, limits }),
    recent: new RecentStarts(10),
  }
  return { sent, handIn: (more: Partial<AskedFork> = {}) => handIn(desk, { ...asked, ...more }) }
}

const ORIGIN = { sagaId: ID, step: 'charge', actor: 'ann', reason: 'so' }
const GIVEN = [{ step: 'stock', output: { parcel: 'p' } }]

test('an origin that has ended is not asked: its fork is started with what it did', async () => {
  const { sent, handIn } = deskOf({ before: played(...ALL) })
  await handIn()
  const seq = played(...ALL).history.length
  expect(sent).toMatchObject([
    { kind: 'start', sagaId: 'order-2', requestId: 'r-1', origin: { ...ORIGIN, seq }, given: GIVEN, version: 1 },
  ])
})

test('an origin that ended before its owner was asked is forked all the same', async () => {
  const { sent, handIn } = deskOf({ before: played('stock'), after: played(...ALL) })
  await handIn()
  expect(sent.map(({ kind }) => kind)).toEqual(['fork', 'start'])
  expect(sent[1]).toMatchObject({ origin: ORIGIN, given: GIVEN })
})

test('an origin whose owner refuses it says so, and starts nothing', async () => {
  const { sent, handIn } = deskOf({ before: played('stock') })
  await expect(handIn()).rejects.toMatchObject({ status: 409, code: 'not-forked' })
  expect(sent.map(({ kind }) => kind)).toEqual(['fork'])
})

test('what the views say to be impossible is not sent', async () => {
  for (const before of [played('stock'), played(...ALL)]) {
    const { sent, handIn } = deskOf({ before })
    await expect(handIn({ step: 'nowhere' })).rejects.toMatchObject({ status: 422, code: 'unknown-step' })
    await expect(handIn({ input: 7 })).rejects.toMatchObject({ status: 422, code: 'invalid-input' })
    expect(sent).toEqual([])
  }
})

test('a version that only orchestrators know is theirs to judge while the origin lives', async () => {
  const { sent, handIn } = deskOf({ before: played('stock'), stands: true })
  await handIn({ version: 2 })
  expect(sent).toMatchObject([{ kind: 'fork', version: 2 }])
})

test.each([
  ['views that stand still', { stands: true }],
  ['no room to wait for them', { limits: { waitsMax: 0 } }],
])('%s: it is answered as taken', async (_, seen) => {
  for (const before of [played('stock'), played(...ALL)]) {
    const { sent, handIn } = deskOf({ before, ...seen })
    expect(await handIn()).toMatchObject({ offset: 0n })
    expect(sent).toHaveLength(1)
  }
})

test('an event that is too long for the views is read from the log, alone', async () => {
  const omits = ({ event }: EventEnvelope) => event.type === 'step-succeeded' && event.step === 'stock'
  const { sent, handIn } = deskOf({ before: played(...ALL), omits })
  await handIn()
  expect(sent).toMatchObject([{ kind: 'start', given: GIVEN }])
})

test('a history that cannot be folded, or is too long, is refused', async () => {
  const torn = played(...ALL)
  torn.history.splice(3, 1)
  await expect(deskOf({ before: torn }).handIn()).rejects.toMatchObject({ status: 409, code: 'saga-quarantined' })
  const long = played(...ALL)
  const [first] = long.history
  const last = long.history.at(-1)
  if (!first || !last) throw new Error('it has a history')
  const more = { ...last, event: { type: 'turn-yielded', more: false } } as const
  for (let seq = long.history.length + 1; seq <= 100_001; seq++) long.history.push({ ...more, seq })
  await expect(deskOf({ before: long }).handIn()).rejects.toMatchObject({ status: 422, code: 'history-too-long' })
})
