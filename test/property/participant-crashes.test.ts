/**
 * Participants that are killed, stopped and paused through a rebalance, on a broker and a database that lie, in virtual
 * time, under a seed. Whatever happened: each command was answered, each effect is there once (S8), a saga's and a key's
 * in the order of the log, no two of one key ran at a time, and rubbish became dead letters (S18).
 */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { seededRandom } from '../../shared/adapters/system/seeded-random.ts'
import { commandRecord, decodeReply } from '../../shared/message/command-record.ts'
import { partitionOf } from '../../shared/message/murmur2.ts'
import type { LogRecord, NewRecord } from '../../shared/message/record.ts'
import { failed, rejected } from '../../shared/participant/answer.ts'
import { type BatchItem, batched, type Handlers } from '../../shared/participant/handlers.ts'
import { type ParticipantService, participantService } from '../../shared/participant/participant-service.ts'
import { type Random, sleep } from '../../shared/ports/clock.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { command, participant } from '../../shared/saga/contract.ts'
import { CrashStore, type EffectRow, type EffectTx } from '../support/crash-inbox.ts'
import { FaultyBroker } from '../support/faulty-broker.ts'
import { DEAD_LETTERS, REPLIES, stepCommand } from '../support/participant-rig.ts'

const SEEDS = Number(process.env.KASAGA_FAULT_SEEDS ?? 60)
const FIRST_SEED = Number(process.env.KASAGA_FAULT_SEED ?? 1)
const TOPIC = 'works.commands'
const PARTITIONS = 3
const COMMANDS = 90
const SAGAS = 30
const FAULTY_MS = 20_000
const QUIET_MS = 900_000

const Work = z.object({ lane: z.string(), nth: z.int(), ends: z.enum(['done', 'no', 'fails']), ms: z.int() })
type Work = z.infer<typeof Work>
const works = participant('works', {
  one: command({ input: Work, output: z.null() }),
  many: command({ input: Work, output: z.null() }),
})
type Item = Pick<BatchItem<Work>, 'input' | 'command'>

interface Member {
  readonly service: ParticipantService
  readonly broker: FaultyBroker
  isDead: boolean
}

class World {
  readonly clock = new ManualClock()
  readonly log = new MemoryLog({ clock: this.clock })
  readonly seen: Record<string, number> = {}
  readonly members: Member[] = []
  readonly store: CrashStore
  readonly #random: Random
  readonly #travelMsMax: number
  readonly #usesKey: boolean
  faultShare: number

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    this.faultShare = this.chance * 0.25
    this.#travelMsMax = 1 + this.upTo(100)
    this.#usesKey = this.chance < 0.5
    this.store = new CrashStore({
      clock: this.clock,
      random: this.#random,
      troubleShare: () => this.faultShare / 2,
      onTrouble: (kind) => this.count(kind),
      statementMsMax: 1 + this.upTo(20),
    })
  }

  get chance(): number {
    return this.#random.next()
  }

  upTo(most: number): number {
    return Math.floor(this.chance * most)
  }

  count(what: string, by = 1): void {
    this.seen[what] = (this.seen[what] ?? 0) + by
  }

  broker(): FaultyBroker {
    return new FaultyBroker(this.log.connect(), this.log.connect(), {
      clock: this.clock,
      random: this.#random,
      faultShare: () => this.faultShare,
      travelMsMax: this.#travelMsMax,
      onFault: (fault) => this.count(fault),
    })
  }

  async start(): Promise<void> {
    const broker = this.broker()
    const running = new Set<string>()
    const member: Member = { broker, isDead: false, service: this.#service(broker, running, () => member.isDead) }
    this.members.push(member)
    await member.service.start()
  }

  #service(broker: FaultyBroker, running: Set<string>, isDead: () => boolean): ParticipantService {
    const handlers = this.#handlers(running)
    return participantService(works, handlers, {
      ...{ broker, clock: this.clock, log: noLog, inbox: this.store.inboxOf(isDead) },
      concurrency: { max: 1 + this.upTo(10), ...(this.#usesKey && { key: ({ lane }: Work) => lane }) },
      limits: { windowRecordsMax: 1 + this.upTo(40), queueRecordsMax: 1 + this.upTo(30) },
    })
  }

  #handlers(running: Set<string>): Handlers<typeof works, EffectTx> {
    const handle = async (items: readonly Item[], tx: EffectTx) => {
      const lanes = items.flatMap((item) => this.lanesOf(item))
      expect(lanes.filter((lane) => running.has(lane))).toEqual([])
      expect(new Set(lanes).size).toBe(lanes.length)
      for (const lane of lanes) running.add(lane)
      await sleep(this.clock, Math.max(...items.map(({ input }) => input.ms)))
      for (const lane of lanes) running.delete(lane)
      const doing = items.filter(({ input }) => input.ends !== 'no')
      const rows = doing.map(({ input: { lane, nth }, command: { idempotencyKey: key, sagaId } }) => {
        return { key, sagaId, lane, nth }
      })
      this.mustBeFree(rows)
      tx.push(...rows)
    }
    const answer = ({ ends }: Work) => {
      if (ends === 'no') return rejected('no', 'no')
      return ends === 'fails' ? failed('fails', 'after it has written') : null
    }
    return {
      one: async (input, { tx, command }) => {
        await handle([{ input, command }], tx)
        return answer(input)
      },
      many: batched(
        async (items, { tx }) => {
          if (items.length > 1) this.count('together')
          await handle(items, tx)
          // Of many one that throws is found; alone it would be a failure of another name.
          if (items.length > 1 && items.some(({ input }) => input.ends === 'fails' && input.nth % 2 === 0))
            throw new Error('one of them')
          return items.map(({ input }) => answer(input))
        },
        { itemsMax: 1 + this.upTo(12), waitMax: this.upTo(30) },
      ),
    }
  }

  /** As a table's key: rows that another process has kept meanwhile end the handler with an error like any other. */
  mustBeFree(rows: readonly EffectRow[]): void {
    const kept = new Set(this.store.rows.map(({ key }) => key))
    if (!rows.some(({ key }) => kept.has(key))) return
    this.count('rows there already')
    throw new Error('duplicate key value violates unique constraint')
  }

  /** What must not run at a time with another of the same, where the partition is the same. */
  lanesOf({ input, command }: Item): readonly string[] {
    const partition = partitionOf(command.sagaId, PARTITIONS)
    return [command.sagaId, ...(this.#usesKey ? [`${partition} ${input.lane}`] : [])]
  }

  /** One of them goes, in some way, and another comes. */
  async replaceOne(): Promise<void> {
    const member = this.members.shift()
    if (!member) return
    const how = (['killed', 'stopped', 'paused'] as const)[this.upTo(3)] ?? 'killed'
    this.count(how)
    if (how === 'stopped') await this.inTime(member.service.stop())
    else if (how === 'killed') {
      member.isDead = true
      member.broker.kill()
    } else member.broker.pauseThroughTakeOver()
    await this.start()
  }

  /** Waits for work that needs the clock to go on. */
  async inTime<T>(work: Promise<T>): Promise<T> {
    let isSettled = false
    const settle = () => {
      isSettled = true
    }
    work.then(settle, settle)
    while (!isSettled) await this.clock.advance(1)
    return work
  }
}

interface Given {
  readonly records: readonly NewRecord[]
  /** By command id. */
  readonly works: ReadonlyMap<string, Work>
}

/** Commands in the order of the log, some of them twice, and rubbish between them. */
function given(world: World): Given {
  const records: NewRecord[] = []
  const byId = new Map<string, Work>()
  const steps = new Map<string, number>()
  const endings = ['done', 'done', 'done', 'no', 'fails'] as const
  for (let nth = 0; nth < COMMANDS; nth++) {
    const saga = `s${world.upTo(SAGAS)}`
    const step = steps.get(saga) ?? 0
    steps.set(saga, step + 1)
    const lane = `lane${world.upTo(4)}`
    const payload: Work = { lane, nth, ends: endings[world.upTo(endings.length)] ?? 'done', ms: world.upTo(200) }
    const name = world.chance < 0.5 ? 'one' : 'many'
    const sent = {
      saga,
      step: `step${step}`,
      type: `works.${name}.v1`,
      payload,
      deadlineAt: Number.MAX_SAFE_INTEGER / 2_000,
    }
    const record = commandRecord(stepCommand(sent), '/test')
    records.push(record)
    byId.set(`${saga}/step${step}/forward/1`, payload)
    if (world.chance < 0.2) records.push(record)
    if (world.chance < 0.1) records.push({ ...record, value: 'rubbish' })
  }
  return { records, works: byId }
}

async function readAll(world: World, topic: string): Promise<readonly LogRecord[]> {
  const broker = world.log.connect()
  const found: LogRecord[] = []
  for (let partition = 0; partition < PARTITIONS; partition++)
    for await (const records of broker.read(topic, partition, 0n)) found.push(...records)
  return found
}

function check(world: World, { records, works: all }: Given, replies: readonly LogRecord[], letters: number): void {
  const outcomes = new Map<string, Set<string>>()
  for (const record of replies) {
    const reply = decodeReply(record)
    if (reply.kind === 'refused') throw new Error(reply.message)
    if (reply.value.errorCode === 'invalid-command') continue
    const { sagaId, step, outcome } = reply.value
    const id = `${sagaId}/${step}/forward/1`
    outcomes.set(id, (outcomes.get(id) ?? new Set()).add(outcome))
  }
  const expected = { done: 'success', no: 'rejected', fails: 'failed' } as const
  for (const [id, { ends }] of all) expect([id, ...(outcomes.get(id) ?? [])]).toEqual([id, expected[ends]])
  const keys = world.store.rows.map(({ key }) => key)
  const done = [...all].filter(([, { ends }]) => ends === 'done').map(([id]) => id.replace(/\/1$/, ''))
  expect([...keys].sort()).toEqual(done.sort())
  for (const [, rows] of Map.groupBy(world.store.rows, (row) => row.sagaId)) expect(rows).toEqual(inOrder(rows))
  expect(letters).toBeGreaterThanOrEqual(records.filter(({ value }) => value === 'rubbish').length)
}

function inOrder<Row extends { readonly nth: number }>(rows: readonly Row[]): readonly Row[] {
  return [...rows].sort((a, b) => a.nth - b.nth)
}

async function run(seed: number): Promise<World> {
  const world = new World(seed)
  const broker = world.log.connect()
  const names = [TOPIC, REPLIES, DEAD_LETTERS]
  await broker.createTopics(names.map((name) => ({ name, partitions: PARTITIONS, retention: 'forever' as const })))
  const commands = given(world)
  await world.start()
  await world.start()
  // Between commands that come one by one and all at once.
  const paceMs = world.upTo((2 * FAULTY_MS) / COMMANDS)
  for (const record of commands.records) {
    const partition = partitionOf(String(record.key), PARTITIONS)
    await world.inTime(broker.append([{ topic: TOPIC, partition, records: [record] }]))
    await world.clock.advance(world.upTo(paceMs))
    if (world.chance < 0.12) await world.replaceOne()
  }
  await world.clock.advance(FAULTY_MS)
  world.faultShare = 0
  await world.clock.advance(QUIET_MS)
  const [replies, letters] = [
    await world.inTime(readAll(world, REPLIES)),
    await world.inTime(readAll(world, DEAD_LETTERS)),
  ]
  check(world, commands, replies, letters.length)
  return world
}

test(`${SEEDS} seeds of kills and faults: each command is answered, and each effect is there once, in order`, async () => {
  const seen: Record<string, number> = {}
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const world = await run(seed).catch((error: unknown) => {
      throw new Error(`KASAGA_FAULT_SEED=${seed} KASAGA_FAULT_SEEDS=1 plays it again: ${error}`, { cause: error })
    })
    for (const [what, count] of Object.entries(world.seen)) seen[what] = (seen[what] ?? 0) + count
  }
  // A run in which something did not come has shown nothing of it.
  const must = [
    'unanswered',
    'lost',
    'late',
    'twice',
    'refused',
    'kept and unanswered',
    'killed',
    'stopped',
    'paused',
    'together',
    'rows there already',
  ]
  for (const what of must) expect(seen[what], what).toBeGreaterThan(0)
  console.info(JSON.stringify(seen))
})
