/** Logs in data folders that are damaged, and what is then found of what was acknowledged. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSqliteLog } from '../../shared/adapters/sqlite/sqlite-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import { fastFolder } from './fuzz/fast-folder.ts'

const TOPICS = ['commands', 'events'] as const
const PARTITIONS = 2
const GROUP = 'participant'
const APPENDS = 120

/** The files of a log. */
export type LogFileName = 'log.db' | 'log.db-wal' | 'log.ends'

export interface Sample {
  readonly folder: string
  /** Everything that was acknowledged, as `contents` tells it. */
  readonly acknowledged: Contents
}

async function fill(broker: Broker, from: number): Promise<void> {
  for (let i = from; i < from + APPENDS; i++) {
    const topic = TOPICS[i % 2] ?? ''
    const value = `${i} ${'acknowledged '.repeat(i % 9)}`
    const [result] = await broker.append([
      { topic, partition: (i >> 1) % PARTITIONS, records: [{ key: `${i}`, value, headers: [['h', 'v']] }] },
    ])
    if (result?.kind !== 'appended') throw result?.error ?? new Error('no answer')
  }
}

async function checkpointed<T>(
  broker: Broker,
  use: (at: { commit(partition: number): Promise<void>; committed(): Promise<readonly bigint[]> }) => Promise<T>,
): Promise<T> {
  const all = Promise.withResolvers<void>()
  let assigned = 0
  const member = await broker.join(
    { group: GROUP, topics: ['commands'] },
    {
      assigned: () => ++assigned === PARTITIONS && all.resolve(),
      revoked: async () => {},
      records: () => {},
      trouble: () => {},
    },
  )
  try {
    await all.promise
    return await use({
      commit: (partition) => member.commit('commands', partition, BigInt(20 + partition)),
      committed: () =>
        Promise.all([0, 1].map(async (partition) => (await member.committed('commands', partition)) ?? 0n)),
    })
  } finally {
    await member.close()
  }
}

interface Contents {
  readonly records: string
  readonly committed: readonly bigint[]
}

/** A checkpoint that went back delivers again, which changes nothing; one that went on would leave something out. */
function isWhole(found: Contents, acknowledged: Contents): boolean {
  const later = found.committed.some((next, i) => next > (acknowledged.committed[i] ?? 0n))
  return found.records === acknowledged.records && !later
}

/** Everything that the log gives: records, ends and checkpoints. Throws where it refuses. */
async function contents(broker: Broker): Promise<Contents> {
  const lines: string[] = []
  for (const topic of TOPICS)
    for (const { partition, start, end } of await broker.offsets(topic)) {
      lines.push(`${topic}/${partition} ${start} ${end}`)
      for await (const records of broker.read(topic, partition, start))
        for (const { offset, key, value } of records)
          lines.push(`${offset} ${Buffer.from(key ?? '')} ${Buffer.from(value ?? '')}`)
    }
  return { records: lines.join('\n'), committed: await checkpointed(broker, ({ committed }) => committed()) }
}

const FILES = ['log.db', 'log.db-wal', 'log.ends'] as const

function copyFiles(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const name of FILES) if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name))
}

/** A log as it is left by an owner that was killed, part of it in the write-ahead log; and by one that closed it. */
export async function samples(): Promise<{ readonly killed: Sample; readonly closed: Sample; remove(): void }> {
  const scratch = mkdtempSync(join(fastFolder(), 'kasaga-damage-'))
  const live = join(scratch, 'live')
  const before = await openSqliteLog({ clock: systemClock, directory: live })
  await before.createTopics(TOPICS.map((name) => ({ name, partitions: PARTITIONS, retention: 'forever' })))
  await fill(before, 0)
  await before.close()
  const broker = await openSqliteLog({ clock: systemClock, directory: live })
  await checkpointed(broker, async ({ commit }) => {
    for (let partition = 0; partition < PARTITIONS; partition++) await commit(partition)
  })
  await fill(broker, APPENDS)
  const acknowledged = await contents(broker)
  const killed = join(scratch, 'killed')
  copyFiles(live, killed)
  await broker.close()
  const closed = join(scratch, 'closed')
  copyFiles(live, closed)
  return {
    killed: { folder: killed, acknowledged },
    closed: { folder: closed, acknowledged },
    remove: () => rmSync(scratch, { recursive: true }),
  }
}

/** `whole`: everything acknowledged is there. `refused`: it says that it is not. `wrong`: it gives something else. */
export type Found =
  | { readonly kind: 'whole' }
  | { readonly kind: 'wrong'; readonly was: string }
  | { readonly kind: 'refused'; readonly why: string }

/** What is found of the sample once one of its files was changed. */
export async function foundAfter(
  { folder, acknowledged }: Sample,
  name: LogFileName,
  change: (bytes: Buffer) => Buffer,
): Promise<Found> {
  const directory = mkdtempSync(join(folder, 'damaged-'))
  try {
    copyFiles(folder, directory)
    writeFileSync(join(directory, name), change(readFileSync(join(folder, name))))
    return await opened(directory, acknowledged)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

async function opened(directory: string, acknowledged: Contents): Promise<Found> {
  let broker: Broker | undefined
  try {
    broker = await openSqliteLog({ clock: systemClock, directory })
    const was = await contents(broker)
    return isWhole(was, acknowledged) ? { kind: 'whole' } : { kind: 'wrong', was: was.records }
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error
    return { kind: 'refused', why: `${error.code}: ${error.message}` }
  } finally {
    await broker?.close()
  }
}
