/** Examines a home from its parts: the log, the topics, the database, the views, and what waits in them. */
import { statfs } from 'node:fs/promises'
import { sql } from 'kysely'
import type { DefinitionCount } from '../../shared/client/operator-api.ts'
import { messageOf, OperationalError } from '../../shared/message/errors.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import { asThere, participantsOf, topicSpecs } from '../../shared/runtime/topic-specs.ts'
import type { Definitions } from '../../shared/saga/definition.ts'
import { definitionCounts } from '../gateway/definition-counts.ts'
import { lagOf } from '../gateway/lag.ts'
import { operatorReads } from '../gateway/operator-reads.ts'
import { sagaReads } from '../gateway/saga-reads.ts'
import type { Home } from '../home.ts'
import { PROJECTIONS } from '../projector/home.ts'
import {
  down,
  type Finding,
  judgeClock,
  judgeDefinitions,
  judgeDisk,
  judgeLag,
  judgeSagas,
  judgeSettings,
  judgeTopics,
  judgeViews,
} from './findings.ts'

export interface DoctorSettings {
  readonly prefix: string
  readonly definitions: Definitions
  /** The data folder of an embedded home. */
  readonly dataDir?: string | undefined
  openHome(): Promise<Home>
}

/** Nothing is changed. What cannot be asked is a finding too. */
export async function examineHome(settings: DoctorSettings): Promise<readonly Finding[]> {
  const { dataDir, openHome } = settings
  const disk = dataDir === undefined ? [] : await found('disk', () => diskOf(dataDir))
  let home: Home
  try {
    home = await openHome()
  } catch (error) {
    return [...disk, notOpened(error, dataDir !== undefined)]
  }
  try {
    return [...disk, ...(await examine(home, settings))]
  } finally {
    await home.close()
  }
}

function notOpened(error: unknown, isEmbedded: boolean): Finding {
  const owned = error instanceof OperationalError && error.code === 'log-owned'
  if (owned)
    return {
      check: 'log',
      status: 'ok',
      says: 'a process runs in the folder: what it does is asked of its API',
      next: 'Ask it with: kasaga doctor --url http://127.0.0.1:7070',
    }
  const next = isEmbedded
    ? 'See docs/operations.md, a disk that is full or fails'
    : 'See that the brokers run, their address, TLS and login; and the registry, where there is one'
  return down(isEmbedded ? 'log' : 'brokers', messageOf(error), next)
}

async function examine(home: Home, { prefix, definitions, dataDir }: DoctorSettings): Promise<Finding[]> {
  const topics = kasagaTopics(prefix)
  const { broker, clock } = home
  const opened: Finding =
    dataDir === undefined
      ? { check: 'brokers', status: 'ok', says: 'they answer' }
      : { check: 'log', status: 'ok', says: 'it opens' }
  const wanted = topicSpecs(prefix, home, participantsOf(definitions))
  const names = wanted.map(({ name }) => name)
  const onTopics = await found('topics', async () =>
    judgeTopics(await asThere(broker, prefix, wanted), await broker.describeTopics(names)),
  )
  const onSettings = await found('topic settings', async () => {
    const drifts = await home.unredeemed.topicDrift?.(wanted)
    return drifts ? [judgeSettings(drifts)] : []
  })
  const onDatabase = await found('database', async () => databaseOf(home))
  if (onDatabase.some(({ status }) => status === 'down')) return [opened, ...onTopics, ...onSettings, ...onDatabase]
  const { store, builds } = await home.views()
  const reads = sagaReads(store)
  const onViews = await found('views', async () => judgeViews(await builds.generations(), PROJECTIONS))
  if (onViews.some(({ status }) => status !== 'ok'))
    return [opened, ...onTopics, ...onSettings, ...onDatabase, ...onViews]
  return [
    opened,
    ...onTopics,
    ...onSettings,
    ...onDatabase,
    ...onViews,
    ...(await found('lag', async () => judgeLag(await lagOf({ broker, topics, reads, clock })))),
    ...(await found('sagas', async () => judgeSagas(await reads.counts()))),
    ...(await found('definitions', async () => judgeDefinitions(await countsOf(home, definitions)))),
  ]
}

async function countsOf(home: Home, definitions: Definitions): Promise<readonly DefinitionCount[]> {
  const { store } = await home.views()
  return definitionCounts(await operatorReads(store).liveCounts(), definitions)
}

async function databaseOf(home: Home): Promise<Finding[]> {
  const { store } = await home.views()
  const before = home.clock.now()
  const { rows } = await sql<{ at: number | string; version: string }>`
    select (extract(epoch from clock_timestamp()) * 1000)::bigint as at, current_setting('server_version') as version`.execute(
    store.db,
  )
  const after = home.clock.now()
  const ok: Finding = { check: 'database', status: 'ok', says: `Postgres ${rows[0]?.version ?? ''} answers` }
  return [ok, judgeClock('the database', Number(rows[0]?.at) - (before + after) / 2)]
}

async function diskOf(folder: string): Promise<Finding> {
  const { bavail, blocks, bsize } = await statfs(folder)
  return judgeDisk({ free: bavail * bsize, total: blocks * bsize })
}

const NEXT: Readonly<Record<string, string>> = {
  disk: 'See that the folder is there, and can be read',
  topics: 'See that the brokers run',
  'topic settings': 'See that the login may read the settings of topics (DescribeConfigs)',
  database: 'See that Postgres runs, its URL, and the login',
}

/** What a look finds; when it cannot be had, that it is down. */
async function found(check: string, look: () => Promise<Finding | Finding[]>): Promise<Finding[]> {
  try {
    return [await look()].flat()
  } catch (error) {
    return [down(check, messageOf(error), NEXT[check] ?? 'See the logs of the processes')]
  }
}
