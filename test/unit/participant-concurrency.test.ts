/** What runs side by side, what waits for what, and what a slow handler holds up: its own key, and the checkpoint. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MemoryInbox } from '../../shared/adapters/memory/memory-inbox.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { failed } from '../../shared/participant/answer.ts'
import { batched, type CommandInfo, type InputOf } from '../../shared/participant/handlers.ts'
import { type ParticipantOptions, participantService } from '../../shared/participant/participant-service.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import { ledger, post } from '../support/ledger.ts'
import { appending } from '../support/participant-doubles.ts'
import { ParticipantRig, type Sent } from '../support/participant-rig.ts'
import { NotedLog } from '../support/telemetry-notes.ts'

const TOPIC = 'ledger.commands'
let rig: ParticipantRig

beforeEach(async () => {
  rig = await ParticipantRig.open(TOPIC, 1)
})

afterEach(() => rig.close())

type Options = Partial<ParticipantOptions<undefined, InputOf<typeof ledger>>>
type Posting = (command: CommandInfo, amount: number) => Promise<unknown>

/** Handlers of which each waits until it is let go. */
class Gates {
  readonly began: string[] = []
  readonly #open = new Map<string, () => void>()

  readonly handle: Posting = async ({ sagaId, step }) => {
    this.began.push(`${sagaId}/${step}`)
    await new Promise<void>((resolve) => {
      this.#open.set(`${sagaId}/${step}`, resolve)
    })
  }

  async until(...names: readonly string[]): Promise<void> {
    await expect.poll(() => [...this.began].sort()).toEqual([...names].sort())
  }

  let(...names: readonly string[]): void {
    for (const name of names) this.#open.get(name)?.()
  }
}

function serve(handle: Posting, more: Options = {}) {
  const handlers = {
    post: async ({ amount }: { amount: number }, { command }: { command: CommandInfo }) => {
      await handle(command, amount)
      return { entry: command.idempotencyKey }
    },
    unpost: async () => {},
  }
  const options = { broker: rig.broker, inbox: new MemoryInbox(), clock: systemClock, ...more }
  return rig.start(participantService(ledger, handlers, options))
}

function ofKey(saga: string, amount: number, more: Partial<Sent> = {}): Sent {
  return post(saga, 'ok', { payload: { amount, mode: 'ok' }, ...more })
}

/** Next offset to read, as a member that comes later would be told. */
async function checkpoint(): Promise<bigint | undefined> {
  const member = await rig.broker.join(
    { group: 'ledger', topics: [TOPIC] },
    { assigned: () => {}, revoked: async () => {}, records: () => {}, trouble: () => {} },
  )
  const next = await member.committed(TOPIC, 0)
  await member.close()
  return next
}

test('delivery is held while the commands that wait or run have too many bytes, and goes on when they are done', async () => {
  const gates = new Gates()
  const calls: string[] = []
  const { broker } = rig
  const join: typeof broker.join = async (...args) => {
    const member = await broker.join(...args)
    for (const what of ['pause', 'resume'] as const) {
      const act = member[what].bind(member)
      member[what] = (...place) => {
        calls.push(what)
        act(...place)
      }
    }
    return member
  }
  const noting = new Proxy(broker, {
    get(of, name: keyof typeof broker) {
      if (name === 'join') return join
      const own = of[name]
      return typeof own === 'function' ? own.bind(of) : own
    },
  })
  await serve(gates.handle, { broker: noting, limits: { heldBytesMax: 40 } })
  await rig.send(post('a'))
  await gates.until('a/step')
  expect(calls).toEqual([])
  await rig.send(post('b'), post('c'))
  await gates.until('a/step', 'b/step', 'c/step')
  expect(calls).toEqual(['pause'])
  gates.let('a/step')
  await rig.replies(1)
  expect(calls).toEqual(['pause'])
  gates.let('b/step', 'c/step')
  await rig.replies(3)
  await expect.poll(() => calls).toEqual(['pause', 'resume'])
  await rig.send(post('d'))
  await gates.until('a/step', 'b/step', 'c/step', 'd/step')
  gates.let('d/step')
})

describe('commands of a partition', () => {
  test('are answered while one before them still runs, and the checkpoint waits for that one', async () => {
    const gates = new Gates()
    await rig.send(...['slow', 'b', 'c'].map((saga) => post(saga)))
    const service = await serve(gates.handle)
    await gates.until('slow/step', 'b/step', 'c/step')
    gates.let('b/step', 'c/step')
    expect((await rig.replies(2)).map((reply) => reply.sagaId)).toEqual(['b', 'c'])
    await rig.send(post('later'))
    await gates.until('slow/step', 'b/step', 'c/step', 'later/step')
    gates.let('later/step')
    await rig.replies(3)
    expect(await checkpoint()).toBeUndefined()
    gates.let('slow/step')
    await rig.replies(4)
    await service.stop()
    expect(await checkpoint()).toBe(4n)
  })

  test('are given again to the next member from the one that was not answered, and answered from the inbox', async () => {
    const inbox = new MemoryInbox()
    const gates = new Gates()
    await rig.send(...['slow', 'b', 'c'].map((saga) => post(saga)))
    const first = await serve(gates.handle, { inbox, limits: { drainMs: 1, abortGraceMs: 1 } })
    await gates.until('slow/step', 'b/step', 'c/step')
    gates.let('b/step', 'c/step')
    await rig.replies(2)
    await first.stop()
    const again: string[] = []
    await serve(async ({ sagaId }) => again.push(sagaId), { inbox })
    const replies = await rig.replies(5)
    expect(replies.map((reply) => reply.sagaId).sort()).toEqual(['b', 'b', 'c', 'c', 'slow'])
    expect(again).toEqual(['slow'])
  })

  test('get no further ahead of a slow one than the window', async () => {
    const gates = new Gates()
    await rig.send(...['slow', 'b', 'c', 'd', 'e'].map((saga) => post(saga)))
    await serve(gates.handle, { limits: { windowRecordsMax: 3 } })
    await gates.until('slow/step', 'b/step', 'c/step')
    gates.let('b/step', 'c/step')
    await rig.replies(2)
    expect(gates.began).toHaveLength(3)
    gates.let('slow/step')
    await gates.until('slow/step', 'b/step', 'c/step', 'd/step', 'e/step')
    gates.let('d/step', 'e/step')
    await rig.replies(5)
  })

  test('with the same key run one after another, others side by side, and a saga in order whatever the key', async () => {
    const gates = new Gates()
    await rig.send(ofKey('a', 1), ofKey('b', 1), ofKey('c', 2), ofKey('c', 3, { step: 'next' }))
    await serve(gates.handle, { concurrency: { key: ({ amount }) => String(amount) } })
    await gates.until('a/step', 'c/step')
    gates.let('c/step')
    await gates.until('a/step', 'c/step', 'c/next')
    gates.let('a/step')
    await gates.until('a/step', 'b/step', 'c/step', 'c/next')
    gates.let('b/step', 'c/next')
    await rig.replies(4)
  })

  test('whose key cannot be told fail, and hold up nothing', async () => {
    const log = new NotedLog()
    await rig.send(ofKey('a', 1), ofKey('b', 2))
    const key = (_: unknown, command: CommandInfo) => {
      if (command.sagaId === 'a') throw new Error('no key')
      return 'k'
    }
    await serve(async () => {}, { concurrency: { key }, log })
    const replies = await rig.replies(2)
    expect(replies.map((reply) => [reply.sagaId, reply.outcome, reply.errorCode])).toEqual([
      ['a', 'failed', 'handler-error'],
      ['b', 'success', undefined],
    ])
    expect(log.lines.map(({ message }) => message)).toContain('a command has no key')
  })

  test('of two partitions take turns for the slots', async () => {
    await rig.close()
    rig = await ParticipantRig.open(TOPIC, 2)
    // Sagas of either partition: with one slot, neither may wait for all of the other's.
    const sagas = Array.from({ length: 40 }, (_, index) => `s${index}`)
    await rig.send(...sagas.map((saga) => post(saga)))
    await serve(async () => {}, { concurrency: { max: 1 } })
    const order = (await rig.records('kasaga.replies', 40)).map((record) => record.partition)
    expect(order.filter((partition) => partition === 0).length).toBeGreaterThan(5)
    expect(order.filter((partition) => partition === 1).length).toBeGreaterThan(5)
  })
})

test('what comes faster than it is handled waits at the broker: the partition is paused and goes on', async () => {
  const held: string[] = []
  const broker: Broker = {
    ...appending(rig.broker, (batches, append) => append(batches)),
    async join(options, listener) {
      const member = await rig.broker.join(options, listener)
      return {
        open: (...place) => member.open(...place),
        pause(...place) {
          held.push('pause')
          member.pause(...place)
        },
        resume(...place) {
          held.push('resume')
          member.resume(...place)
        },
        commit: (...checkpoint) => member.commit(...checkpoint),
        committed: (...place) => member.committed(...place),
        owns: (partition) => member.owns(partition),
        close: () => member.close(),
      }
    },
  }
  const sagas = Array.from({ length: 120 }, (_, index) => `s${index}`)
  await serve(async () => {}, { broker, limits: { windowRecordsMax: 4, queueRecordsMax: 10 } })
  await rig.send(...sagas.map((saga) => post(saga)))
  await rig.replies(120)
  expect(held.length).toBeGreaterThan(1)
  expect(held).toEqual(held.map((_, index) => (index % 2 === 0 ? 'pause' : 'resume')))
  expect(held.at(-1)).toBe('resume')
})

test('it is not live any more when every slot is held by a handler that has not ended after its signal', async () => {
  await rig.send(...['a', 'b'].map((saga) => post(saga, 'ok', { deadlineAt: Date.now() + 30 })))
  const ends: (() => void)[] = []
  const hang = () => new Promise<void>((resolve) => ends.push(resolve))
  const service = await serve(hang, { concurrency: { max: 2 }, limits: { abortGraceMs: 20 } })
  expect(service.live).toBe(true)
  await expect.poll(() => service.live).toBe(false)
  for (const end of ends) end()
  await rig.replies(2)
  expect(service.live).toBe(true)
})

describe('a handler that takes many', () => {
  function serveMany(answer: (sagas: readonly string[]) => readonly unknown[], more: Options = {}, options = {}) {
    const calls: (readonly string[])[] = []
    const handlers = {
      post: batched<{ amount: number }, { entry: string }, undefined>(async (items) => {
        const sagas = items.map(({ command }) => command.sagaId)
        calls.push(sagas)
        return answer(sagas) as readonly { entry: string }[]
      }, options),
      unpost: async () => {},
    }
    const ports = { broker: rig.broker, inbox: new MemoryInbox(), clock: systemClock, ...more }
    return rig.start(participantService(ledger, handlers, ports)).then(() => calls)
  }

  const entries = (sagas: readonly string[]) => sagas.map((entry) => ({ entry }))
  const told = async (atLeast: number) => {
    const replies = await rig.replies(atLeast)
    return replies.map((reply) => `${reply.sagaId} ${reply.outcome} ${reply.errorCode ?? ''}`.trim()).sort()
  }

  test('gets at most so many in a call, and the rest in the next', async () => {
    await rig.send(...['a', 'b', 'c', 'd', 'e'].map((saga) => post(saga)))
    const calls = await serveMany(entries, {}, { itemsMax: 2 })
    await rig.replies(5)
    expect(calls).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  })

  test('gets what came while the first waited', async () => {
    const calls = await serveMany(entries, {}, { waitMax: '80 ms' })
    await rig.send(post('a'))
    await new Promise((resolve) => setTimeout(resolve, 10))
    await rig.send(post('b'))
    await rig.replies(2)
    expect(calls).toEqual([['a', 'b']])
  })

  test('gets one command of a saga in a call, and of a key', async () => {
    await rig.send(ofKey('a', 1), ofKey('a', 2, { step: 'next' }), ofKey('b', 3), ofKey('c', 1))
    const calls = await serveMany(entries, { concurrency: { key: ({ amount }) => String(amount) } })
    await rig.replies(4)
    expect(calls).toEqual([
      ['a', 'b'],
      ['a', 'c'],
    ])
  })

  test('that throws is called again in halves, down to the command that it is about', async () => {
    await rig.send(...['a', 'b', 'c', 'd'].map((saga) => post(saga)))
    const calls = await serveMany((sagas) => {
      if (sagas.includes('c')) throw new Error('c breaks all')
      return entries(sagas)
    })
    expect(await told(4)).toEqual(['a success', 'b success', 'c failed handler-error', 'd success'])
    expect(calls).toEqual([['a', 'b', 'c', 'd'], ['a', 'b'], ['c', 'd'], ['c'], ['d']])
  })

  test('that answers another number of times is told so by a code, once it is clear for which command', async () => {
    await rig.send(...['a', 'b'].map((saga) => post(saga)))
    await serveMany((sagas) => entries(sagas.filter((saga) => saga !== 'b')))
    expect(await told(2)).toEqual(['a success', 'b failed no-answer'])
  })

  test('that leaves a place empty fails that command alone, with a code', async () => {
    await rig.send(...['a', 'b'].map((saga) => post(saga)))
    const calls = await serveMany((sagas) => entries(sagas).map((entry, index) => (index === 1 ? undefined : entry)))
    expect(await told(2)).toEqual(['a success', 'b failed no-answer'])
    // An inbox in memory undoes nothing, so what was done is not done again.
    expect(calls).toEqual([['a', 'b']])
  })

  test('that fails all of them is called once', async () => {
    await rig.send(...['a', 'b', 'c'].map((saga) => post(saga)))
    const away = failed('away', 'the bank is away', { retryAfter: '30 s' })
    const calls = await serveMany((sagas) => sagas.map(() => away))
    expect(await told(3)).toEqual(['a failed away', 'b failed away', 'c failed away'])
    expect((await rig.replies(3)).map((reply) => reply.retryAfterMs)).toEqual([30_000, 30_000, 30_000])
    expect(calls).toHaveLength(1)
  })

  test('must be allowed one item at least', () => {
    expect(() => batched(async () => [], { itemsMax: 0 })).toThrow('not a number of items: 0')
  })
})

test('an inbox in memory warns of what it loses at each start, unless that is accepted', async () => {
  const warnings = async (inbox: MemoryInbox) => {
    const log = new NotedLog()
    await (await serve(async () => {}, { inbox, log })).stop()
    return log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)
  }
  expect(await warnings(new MemoryInbox())).toEqual([expect.stringContaining('the inbox is in memory')])
  expect(await warnings(new MemoryInbox({ acceptLoss: true }))).toEqual([])
})
