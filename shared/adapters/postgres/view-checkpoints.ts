/** Statements on the checkpoints of the views. */
import { CompiledQuery, type Kysely, sql } from 'kysely'
import type { ViewCheckpoint, ViewChunk } from '../../ports/view-store.ts'
import type { Projection } from '../../view/projection.ts'

interface Read {
  readonly projection: string
  readonly version: number
  readonly partition: number
  readonly next_offset: string
  readonly next_number: number
  readonly commands_offset: string
  readonly replies_offset: string
  readonly applied_at: number
}

function checkpointOf(row: Read): ViewCheckpoint {
  return {
    projection: row.projection,
    version: Number(row.version),
    partition: Number(row.partition),
    nextOffset: BigInt(row.next_offset),
    nextNumber: Number(row.next_number),
    commands: BigInt(row.commands_offset),
    replies: BigInt(row.replies_offset),
    at: Number(row.applied_at),
  }
}

/** Adds those that are missing, at the start of the log. */
export async function addCheckpoints<T>(
  db: Kysely<T>,
  projections: readonly Projection[],
  partitions: readonly number[],
): Promise<void> {
  const rows = projections.flatMap(({ name, version }) =>
    partitions.map((partition) => ({ projection: name, version, partition })),
  )
  await sql`insert into kasaga.checkpoints
    select projection, version, partition, 0, 1, 0, 0, 0
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x (projection text, version integer, partition integer)
    on conflict do nothing`.execute(db)
}

/** Reads those of the given partitions, or of all. Offsets travel as text: they may be past 2^53. */
export async function readCheckpoints<T>(
  db: Kysely<T>,
  partitions: readonly number[] | 'all' = 'all',
): Promise<ViewCheckpoint[]> {
  const some = partitions === 'all' ? sql`true` : sql`partition = any(${[...partitions]}::integer[])`
  const { rows } = await sql<Read>`select projection, version, partition, next_offset::text, next_number,
      commands_offset::text, replies_offset::text, applied_at
    from kasaga.checkpoints where ${some} order by projection, partition`.execute(db)
  return rows.map(checkpointOf)
}

/** The topic whose log the views follow: the first one that was given here. */
export async function followLog<T>(db: Kysely<T>, topic: string): Promise<string> {
  await sql`insert into kasaga.followed_log (topic) values (${topic}) on conflict do nothing`.execute(db)
  const { rows } = await sql<{ topic: string }>`select topic from kasaga.followed_log`.execute(db)
  return rows[0]?.topic ?? topic
}

const MOVE = `update kasaga.checkpoints as c
  set next_offset = x.to_offset, next_number = x.to_number, commands_offset = x.commands,
      replies_offset = x.replies, applied_at = x.at
  from jsonb_to_recordset($1::jsonb) as x (projection text, version integer, partition integer, from_offset bigint,
    to_offset bigint, to_number bigint, commands bigint, replies bigint, at bigint)
  where c.projection = x.projection and c.version = x.version and c.partition = x.partition
    and c.next_offset = x.from_offset`

/**
 * Moves checkpoints that stand where the chunk starts; answers whether all did. The rows stay locked until the
 * transaction ends, so that of two projectors the second one waits here, and then finds that they have moved.
 */
export async function moveCheckpoints<T>(db: Kysely<T>, moves: ViewChunk['moves']): Promise<boolean> {
  const rows = moves.map(({ from, to }) => ({
    projection: from.projection,
    version: from.version,
    partition: from.partition,
    from_offset: String(from.nextOffset),
    to_offset: String(to.nextOffset),
    to_number: to.nextNumber,
    commands: String(to.commands),
    replies: String(to.replies),
    at: to.at,
  }))
  const { numAffectedRows } = await db.executeQuery(CompiledQuery.raw(MOVE, [JSON.stringify(rows)]))
  return numAffectedRows === BigInt(moves.length)
}

/** Forgets a projection's checkpoints, of every version. */
export async function dropCheckpoints<T>(db: Kysely<T>, projection: string): Promise<void> {
  await sql`delete from kasaga.checkpoints where projection = ${projection}`.execute(db)
}
