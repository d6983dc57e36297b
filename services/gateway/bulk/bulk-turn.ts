/**
 * One turn of a bulk act: its sagas are listed, or some of them are asked, or it ends. What a turn has done is in the topic when it
 * is over. One that broke off is done again from where the topic says: the acts have the same request ids then.
 */
import type { StandingSaga } from '../../../shared/adapters/postgres/bulk-queries.ts'
import type { SagaMark } from '../../../shared/adapters/postgres/view-queries.ts'
import { appendCommands } from '../../../shared/client/append-commands.ts'
import { BULK_SAGAS_MAX, type NotOpenReason } from '../../../shared/client/bulk-api.ts'
import type { ClientCommand } from '../../../shared/message/client-command-record.ts'
import { OperationalError } from '../../../shared/message/errors.ts'
import type { NewRecord } from '../../../shared/message/record.ts'
import type { Broker } from '../../../shared/ports/broker.ts'
import type { Clock, Ids } from '../../../shared/ports/clock.ts'
import type { Log, Metrics } from '../../../shared/ports/telemetry.ts'
import type { BulkReads } from '../bulk-reads.ts'
import { criteriaOf } from '../criteria.ts'
import type { Bulk } from './bulk-book.ts'
import { bulkCommand } from './bulk-command.ts'
import { type BulkEnded, type BulkFact, type BulkProgress, factRecord, partRecord, sagasIn } from './bulk-record.ts'
import { whyNotOpen } from './openness.ts'

export interface TurnPorts {
  readonly broker: Broker
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly metrics: Metrics
  /** The topic of bulk acts. */
  readonly topic: string
  readonly reads: BulkReads
  /** Puts an act into the log. `stopped`: nothing is decided for its saga until it stands there. */
  readonly carryOut: (command: ClientCommand, stopped: boolean) => Promise<void>
  /** Whether this process is still the one that drives bulk acts. */
  readonly goesOn: () => boolean
}

/** Sagas in one part of a list. */
export const PART_SAGAS = 500
/** Acts that are under way at the same time, in time: a turn asks no more sagas than are due in it. */
const TURN_MS = 500
const SECOND_MS = 1_000

/** Takes the next turn; answers how long its next one is to wait, in milliseconds. */
export async function takeTurn(ports: TurnPorts, bulk: Bulk): Promise<number> {
  const { aborted, progress } = bulk
  if (aborted) return end(ports, bulk, { as: 'aborted', why: null })
  if (!progress) return list(ports, bulk)
  const { sagas, done, refused } = progress
  if (done + total(refused) >= sagas) return end(ports, bulk, { as: 'done', why: null })
  return ask(ports, bulk, progress)
}

/** Says that the parts of its lists are needed no more. */
export async function forgetLists(ports: TurnPorts, { id, lists }: Bulk): Promise<void> {
  const at = ports.clock.now()
  const parts = [...lists].flatMap(([list, known]) => [...known.keys()].map((part) => ({ id, list, part })))
  const records = parts.map((part) => partRecord({ ...part, sagas: null }, at))
  if (records.length > 0) await write(ports, records)
}

export const total = (refused: BulkProgress['refused']): number =>
  Object.values(refused).reduce((sum, count) => sum + count, 0)

async function write({ broker, clock, topic }: TurnPorts, records: readonly NewRecord[]): Promise<void> {
  const placed = records.map((record) => ({ partition: 0, record }))
  await appendCommands({ broker, clock }, topic, placed)
}

const say = (ports: TurnPorts, id: string, fact: BulkFact) => write(ports, [factRecord(id, fact, ports.clock.now())])

async function end(ports: TurnPorts, bulk: Bulk, how: Pick<BulkEnded, 'as' | 'why'>): Promise<number> {
  const { id, asked, progress } = bulk
  const { sagas = null, done = 0, refused = {} } = progress ?? {}
  await say(ports, id, { kind: 'ended', ...how, sagas, done, refused, at: ports.clock.now() })
  const { actor, reason } = asked
  ports.log.info('a bulk act has ended', { id, act: asked.act.kind, actor, reason, sagas, done, refused, ...how })
  return 0
}

/** The list is the bulk act's own: what begins to match later is not in it. One that broke off is begun anew, under another name. */
async function list(ports: TurnPorts, bulk: Bulk): Promise<number> {
  const { reads, ids, log, goesOn } = ports
  const { id, asked } = bulk
  const name = ids.next()
  const own = criteriaOf(asked.filter)
  const filter = { ...own, startedBefore: Math.min(own.startedBefore ?? Number.POSITIVE_INFINITY, asked.at + 1) }
  let sagas = 0
  let after: SagaMark | undefined
  for (let part = 0; goesOn(); part++) {
    const page = await reads.meant(filter, { limit: PART_SAGAS, after })
    after = page.at(-1)
    sagas += page.length
    if (sagas > BULK_SAGAS_MAX)
      return end(ports, bulk, { as: 'failed', why: `more than ${BULK_SAGAS_MAX} sagas match: narrow the filter` })
    if (after) {
      const members = page.map(({ saga_id }) => saga_id)
      await write(ports, [partRecord({ id, list: name, part, sagas: members }, ports.clock.now())])
      continue
    }
    const none = { done: 0, refused: {}, part: 0, index: 0 }
    await say(ports, id, { kind: 'progress', list: name, sagas, ...none })
    const { act, actor, reason, rate } = asked
    log.info('a bulk act begins', { id, act: act.kind, filter: asked.filter, actor, reason, rate, sagas })
    break
  }
  return 0
}

async function ask(ports: TurnPorts, bulk: Bulk, progress: BulkProgress): Promise<number> {
  const { clock, metrics } = ports
  const { id, asked, lists } = bulk
  const began = clock.now()
  const offset = lists.get(progress.list)?.get(progress.part)
  const part = offset === undefined ? undefined : await partAt(ports, offset)
  if (!part) return end(ports, bulk, { as: 'failed', why: 'the list of its sagas is gone' })
  const many = Math.max(1, Math.floor((asked.rate * TURN_MS) / SECOND_MS))
  const sagas = part.slice(progress.index, progress.index + many)
  const outcomes = await askEach(ports, bulk, sagas)
  const done = outcomes.filter((outcome) => outcome === undefined).length
  const refused = { ...progress.refused }
  for (const reason of outcomes) if (reason !== undefined) refused[reason] = (refused[reason] ?? 0) + 1
  const index = progress.index + sagas.length
  const next = index < part.length ? { part: progress.part, index } : { part: progress.part + 1, index: 0 }
  await say(ports, id, { kind: 'progress', ...progress, ...next, done: progress.done + done, refused })
  metrics.count('kasaga_bulk_acts_total', { act: asked.act.kind, outcome: 'done' }, done)
  metrics.count('kasaga_bulk_acts_total', { act: asked.act.kind, outcome: 'refused' }, outcomes.length - done)
  return began + (done * SECOND_MS) / asked.rate - clock.now()
}

async function partAt({ broker, topic }: TurnPorts, offset: bigint): Promise<readonly string[] | undefined> {
  for await (const [record] of broker.read(topic, 0, offset))
    return record?.offset === offset ? sagasIn(record) : undefined
  return undefined
}

/** What became of each: asked, or why not. */
async function askEach(
  ports: TurnPorts,
  bulk: Bulk,
  sagas: readonly string[],
): Promise<readonly (NotOpenReason | undefined)[]> {
  const { act } = bulk.asked
  const rows = await ports.reads.standings(sagas, 'step' in act ? act.step : undefined)
  const standings = new Map(rows.map((row) => [row.saga_id, row]))
  return Promise.all(sagas.map((saga) => askOne(ports, bulk, { saga, standing: standings.get(saga) })))
}

async function askOne(
  { carryOut }: TurnPorts,
  bulk: Bulk,
  { saga, standing }: { readonly saga: string; readonly standing: StandingSaga | undefined },
): Promise<NotOpenReason | undefined> {
  if (!standing) return 'unknown-saga'
  const why = whyNotOpen(bulk.asked.act, standing)
  if (why !== undefined) return why
  try {
    await carryOut(bulkCommand(bulk, saga), standing.stopped)
    return undefined
  } catch (error) {
    // What the log will never take must not keep the others waiting; what it may take later is asked again with all of the turn.
    if (error instanceof OperationalError && !error.retriable) return 'not-stored'
    throw error
  }
}
