/** Events are chained as they are written, and a replay of them knows the same hashes (S24). */
import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { clientCommandRecord } from '../../../shared/message/client-command-record.ts'
import { eventRecord } from '../../../shared/message/event-record.ts'
import { H } from '../../../shared/message/headers.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import { headerOf, type LogRecord, type NewRecord } from '../../../shared/message/record.ts'
import { chained, chainHash, linkOf, lockLinkOf } from '../../../shared/runtime/event-chain.ts'
import { InputQueue } from '../../../shared/runtime/input-queue.ts'
import { ORCHESTRATOR_LIMITS } from '../../../shared/runtime/limits.ts'
import { batchOf } from '../../../shared/runtime/own-log.ts'
import { NOTHING_CONSUMED, PartitionState } from '../../../shared/runtime/partition-state.ts'
import { takeTurn } from '../../../shared/runtime/turn.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { batchOf as batchOfEvents, fabricateLog, order } from '../../support/fabricate-log.ts'
import { accepted } from '../../support/fold-view.ts'
import { fulfil } from '../../support/fulfil.ts'
import { delivered, withHeader } from '../../support/wire.ts'

const limits = { endedSagasMax: 100, endedWholeMax: 100 }
const definitions = new Definitions([fulfil])
const plain = order('order-1', 'stuck').map((envelope) => eventRecord(envelope, '/test'))
const read = (records: readonly NewRecord[]) => records.map((record, i) => delivered(record, BigInt(i)))

test('the hash is the one that docs/wire.md tells how to make', () => {
  const headers: NewRecord['headers'] = [
    ['ce_id', 'ö#2'],
    ['x-hop', 'left out'],
    ['ce_chain', 'left out as well'],
  ]
  const text = '5:prior10:ce_id=ö#22:ö2:{}'
  const record = { key: 'ö', value: '{}', headers }
  expect(chainHash('prior', record)).toBe(hash('sha256', text).slice(0, 32))
  expect(chainHash('prior', delivered(record))).toBe(chainHash('prior', record))
})

describe('events of one saga', () => {
  const { records, chain } = chained(plain, undefined)

  test('each carry the hash over themselves and the one before', () => {
    const log = read(records)
    const links = log.map((record, i) =>
      linkOf({ before: headerOf(log[i - 1] ?? { headers: [] }, H.chain), format: 1 }, record),
    )
    expect(links.map(({ kind }) => kind)).toEqual(plain.map(() => 'holds'))
    expect(links.at(-1)?.chain).toBe(chain)
    expect(new Set(links.map((link) => link.chain)).size).toBe(plain.length)
  })

  test('are chained alike in one go and one by one', () => {
    const first = chained(plain.slice(0, 3), undefined)
    expect(chained(plain.slice(3), first.chain)).toEqual({ records: records.slice(3), chain })
  })

  test('that an older version wrote have none, which is right only before the first that has one', () => {
    const [old] = read(plain)
    if (!old) throw new Error('there are events')
    expect(linkOf({ before: undefined, format: 0 }, old)).toEqual({ kind: 'holds', chain: undefined })
    expect(linkOf({ before: undefined, format: 1 }, old).kind).toBe('broken')
    expect(linkOf({ before: 'abc', format: 0 }, old).kind).toBe('broken')
  })
})

test('a saga that began without hashes goes on with them', () => {
  const [begun, rest] = [order('order-1', 'stuck').slice(0, 4), order('order-1', 'stuck').slice(4)]
  const log = read([...batchOfEvents(begun, { number: 1 }), ...batchOfEvents(rest, { number: 2 }, new Map())])
  const state = new PartitionState(definitions, limits)
  for (const batch of accepted(log).batches) state.replay(batch)
  expect([...state.quarantined]).toEqual([])
  expect(state.chains.get(sagaId('order-1'))).toBe(headerOf(log.at(-1) ?? { headers: [] }, H.chain))
})

test('what a turn leaves in memory is what a replay of its batch leaves', () => {
  const queue = new InputQueue()
  const live = new PartitionState(definitions, limits)
  for (let i = 0; i < 5; i++) {
    const saga = sagaId(`s-${i}`)
    const input = { id: saga, cents: 5 }
    const command = {
      kind: 'start',
      sagaId: saga,
      requestId: `r-${i}`,
      definition: 'fulfil',
      version: 1,
      input,
    } as const
    const record = delivered(clientCommandRecord(command, { at: 0, source: '/test' }), BigInt(i), 'kasaga.commands')
    queue.push({ source: 'commands', record })
  }
  const base = { state: live, definitions, limits: ORCHESTRATOR_LIMITS, random: { next: () => 0.5 } }
  const turn = takeTurn(queue, { ...base, source: '/test', now: 1_000, marks: NOTHING_CONSUMED })
  const log = read(batchOf(turn, { number: 1, owner: 'o', sentThrough: 0 }, { at: 1_000, source: '/test' }))
  const replayed = new PartitionState(definitions, limits)
  for (const batch of accepted(log).batches) replayed.replay(batch)
  expect(live.chains.size).toBe(5)
  expect(replayed.chains).toEqual(live.chains)
})

test('a broken chain stops its saga with the reason, and no other', () => {
  const log = fabricateLog([[...order('order-1', 'running'), ...order('order-2', 'running')]], { chained: true })
  const changed = log.map((record) =>
    headerOf(record, H.id) === 'order-1#3' ? withHeader(record, H.causationId, 'another') : record,
  )
  const state = new PartitionState(definitions, limits)
  for (const batch of accepted(changed).batches) state.replay(batch)
  expect([...state.quarantined]).toEqual([
    ['order-1', expect.stringContaining('S24: the hash of the event at offset 3')],
  ])
  expect(state.known(sagaId('order-2'))?.status).toBe('running')
  expect([...state.chains.keys()]).toEqual(['order-2'])
})

describe('a lock', () => {
  const { records } = chained(plain.slice(0, 2), 'an older hash')
  const [event] = read(records)
  const [anew] = read(chained(plain.slice(0, 1), undefined).records)
  if (!event || !anew) throw new Error('there are events')
  const free = { isFree: true, mayBeForgotten: false }
  const link = (before: string | undefined, record: LogRecord, standing = free) =>
    lockLinkOf({ before, format: 1 }, record, standing).kind

  test('that is free may begin its chain anew: its owner has forgotten it', () => {
    expect(link('a hash that only this reader remembers', anew)).toBe('holds')
    expect(link('a hash', anew, { isFree: false, mayBeForgotten: false })).toBe('broken')
    expect(link('a hash', event)).toBe('broken')
  })

  test('that this reader may have forgotten cannot be judged, and goes on from what it carries', () => {
    expect(link(undefined, event)).toBe('broken')
    expect(link(undefined, event, { isFree: true, mayBeForgotten: true })).toBe('holds')
  })
})
