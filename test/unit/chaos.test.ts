/** The parts of `npm run chaos` that can be wrong without a server: its plan, its floors, its proxy, what it makes of logs. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { askedBy } from '../chaos/arguments.ts'
import { FAULT_KINDS, type FaultKind } from '../chaos/faults/fault-kinds.ts'
import { belowFloor } from '../chaos/floors.ts'
import { planOf } from '../chaos/plan.ts'
import { TcpProxy } from '../chaos/stage/tcp-proxy.ts'
import { takeOversIn } from '../chaos/verdict/take-overs.ts'
import type { LogLine, ServiceProcess } from '../support/kafka-home/fleet.ts'

describe('the plan', () => {
  const told = (seed: number) => planOf(seed, 180_000).map(({ atMs, kind, dice }) => [atMs, kind, dice.next()])

  test('follows from the seed', () => {
    expect(told(7)).toEqual(told(7))
    expect(told(8)).not.toEqual(told(7))
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('has every kind of fault in three minutes: seed %d', (seed) => {
    const plan = planOf(seed, 180_000)
    expect(new Set(plan.map(({ kind }) => kind)).size).toBe(FAULT_KINDS.length)
    expect(plan.length).toBeGreaterThan(36)
  })
})

describe('the floors', () => {
  const faults = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 2])) as Record<FaultKind, number>
  const sagas = { acknowledged: 3_000, completed: 2_700, compensated: 300, givenUp: 10, stuck: 0 }
  const takeOvers = { count: 60, p50Ms: 6_000, worstMs: 9_000, all: 80 }
  const duplicates = { written: 100, ignored: 90 }
  const seen = { minutes: 3, rate: 20, sagas, takeOvers, voidBatches: 3, duplicates, faults, deadLetters: 9 }

  test('let a run pass in which everything came', () => {
    expect(belowFloor(seen)).toEqual([])
  })

  test.each([
    ['sagas ended', { sagas: { ...sagas, completed: 400 } }],
    ['sagas compensated', { sagas: { ...sagas, compensated: 20 } }],
    ['partitions that changed hands', { takeOvers: { ...takeOvers, all: 5 } }],
    ['partitions taken over from a process that was gone', { takeOvers: { ...takeOvers, count: 2 } }],
    ['void batches', { voidBatches: 0 }],
    ['duplicates written', { duplicates: { ...duplicates, written: 2 } }],
    ['inputs ignored', { duplicates: { ...duplicates, ignored: 0 } }],
    ['dead letters', { deadLetters: 0 }],
    ['kinds of faults', { faults: { ...faults, hold: 0 } }],
  ])('say what came too seldom: %s', (what, less) => {
    expect(belowFloor({ ...seen, ...less }).map((text) => text.split(':')[0])).toEqual([what])
  })
})

test.each([['--minutes', '0.1'], ['--minutes', 'x'], ['--seed', '0'], ['--rate', '-1'], ['--nothing'], ['minutes']])(
  '%s %s is not understood',
  (...args) => expect(() => askedBy(args)).toThrow(TypeError),
)

describe('a take-over', () => {
  const taken = (partition: number, at: number): LogLine => ({
    level: 30,
    time: new Date(at).toISOString(),
    msg: 'partition taken over',
    partition,
  })
  const process = (...lines: LogLine[]) => ({ lines }) as unknown as ServiceProcess

  test('counts from the signal to the claim of another process', () => {
    const killed = process(taken(1, 100), taken(2, 100))
    const other = process(taken(1, 50), taken(1, 7_000))
    const third = process(taken(2, 9_000), taken(2, 20_000))
    const lost = [{ at: 1_000, process: killed, partitions: new Set([1, 2]), by: 'kill' as const }]
    expect(takeOversIn([killed, other, third], lost)).toEqual({ count: 2, p50Ms: 6_000, worstMs: 8_000, all: 3 })
  })

  test('of what another process had by then is none: one that stands still has not heard of it', () => {
    const killed = process(taken(1, 100))
    const other = process(taken(1, 500))
    const third = process(taken(1, 90_000))
    const lost = [{ at: 1_000, process: killed, partitions: new Set([1]), by: 'kill' as const }]
    expect(takeOversIn([killed, other, third], lost)).toMatchObject({ count: 0, worstMs: null })
  })
})

describe('the proxy', () => {
  const closing: (() => Promise<unknown> | unknown)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  /** A server that keeps what it was told, and says it back; a client that came by the proxy. */
  async function talk() {
    const heard: string[] = []
    const peers: Socket[] = []
    const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
      peers.push(socket)
      socket.on('error', () => {})
      socket.on('data', (bytes) => {
        heard.push(bytes.toString())
        if (socket.writable) socket.write(bytes)
      })
      socket.on('end', () => heard.push('end'))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const proxy = await TcpProxy.before((server.address() as AddressInfo).port)
    const client = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true })
    const answers: string[] = []
    client.on('error', () => answers.push('broken'))
    client.on('data', (bytes) => answers.push(bytes.toString()))
    client.on('end', () => answers.push('end'))
    closing.push(
      () => new Promise((resolve) => server.close(resolve)),
      () => {
        for (const peer of peers) peer.destroy()
      },
      () => proxy.close(),
      () => client.destroy(),
    )
    client.write('one')
    await expect.poll(() => answers).toEqual(['one'])
    return { proxy, client, heard, answers }
  }

  test('delivers what was held also when the sender is gone', async () => {
    const { proxy, client, heard } = await talk()
    proxy.hold('requests')
    client.write('two')
    client.end('three')
    client.destroySoon()
    await once(client, 'close')
    expect(heard).toEqual(['one'])
    proxy.release('requests')
    await expect.poll(() => heard.slice(1).join('')).toBe('twothreeend')
  })

  test('holds answers and lets requests through', async () => {
    const { proxy, client, heard, answers } = await talk()
    proxy.hold('answers')
    client.write('two')
    await expect.poll(() => heard).toEqual(['one', 'two'])
    expect(answers).toEqual(['one'])
    proxy.release('answers')
    await expect.poll(() => answers).toEqual(['one', 'two'])
  })

  test('delivers late, and in order', async () => {
    const { proxy, client, heard } = await talk()
    proxy.delay('requests', 150)
    const began = performance.now()
    client.write('two')
    await expect.poll(() => heard.join('')).toBe('onetwo')
    expect(performance.now() - began).toBeGreaterThan(140)
    client.write('three')
    client.end('four')
    await expect.poll(() => heard.join('')).toBe('onetwothreefourend')
  })

  test('cuts connections, refuses new ones, and takes them again', async () => {
    const { proxy, client, answers } = await talk()
    expect(proxy.cut(true)).toBe(1)
    await expect.poll(() => client.closed).toBe(true)
    expect(answers).toEqual(['one', 'broken'])
    const refused = connect(proxy.port, '127.0.0.1').on('error', () => {})
    refused.write('nobody hears it')
    await expect.poll(() => refused.closed).toBe(true)
    proxy.accept()
    const taken = connect(proxy.port, '127.0.0.1')
    closing.push(() => taken.destroy())
    const heardBack = once(taken, 'data')
    taken.write('again')
    expect(String((await heardBack)[0])).toBe('again')
    expect(proxy.connections).toBe(1)
  })

  test('ends one direction and leaves the other', async () => {
    const { proxy, client, heard, answers } = await talk()
    proxy.halfClose('answers')
    await expect.poll(() => answers).toEqual(['one', 'end'])
    client.write('two')
    await expect.poll(() => heard).toEqual(['one', 'two'])
    expect(answers).toEqual(['one', 'end'])
  })
})
