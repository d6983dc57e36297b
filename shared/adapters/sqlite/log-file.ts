/** The file of the log and its statements: one a function. */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { OperationalError } from '../../message/errors.ts'
import type { TopicSpec } from '../../ports/broker.ts'
import type { SyncMoment } from '../in-process/log-store.ts'
import { WHERE } from './sqlite-errors.ts'
import { WalSync } from './wal-sync.ts'

/** A batch is stored under its topic's number, partition and first offset. `crc` covers all of its row, in every table. */
const SCHEMA = `
  create table topic (
    id integer primary key, name text not null unique, partitions integer not null, retention_days real,
    crc integer not null
  );
  create table batch (
    topic integer not null, part integer not null, base integer not null, count integer not null,
    timestamp integer not null, crc integer not null, bytes blob not null,
    primary key (topic, part, base)
  ) without rowid;
  create table checkpoint (
    name text not null, topic integer not null, part integer not null, next integer not null,
    crc integer not null,
    primary key (name, topic, part)
  ) without rowid;
`
const SCHEMA_VERSION = 2
/** Came later, and whoever knows nothing of it has no such topic: of each key, where its newest record is. */
const COMPACTED_SCHEMA = `
  create table if not exists compacted (topic integer primary key);
  create table if not exists newest (
    topic integer not null, part integer not null, key blob not null, base integer not null,
    gone_at integer, primary key (topic, part, key)
  ) without rowid;
`
const PAGE_BYTES = 8_192
/** Pages in the write-ahead log before they are moved to the file. */
const WAL_PAGES = 2_000

export interface TopicRow {
  readonly id: number
  readonly name: string
  readonly partitions: number
  readonly retentionDays: number | null
  /** Each of its records has a row of its own. */
  readonly compacted: boolean
}

/** A record of a compacted topic. */
export interface KeyedRow {
  readonly topic: number
  readonly part: number
  readonly key: Uint8Array
  readonly base: number
  /** When it was written, where it says that the key is gone. */
  readonly goneAt: number | null
}

export interface BatchRow {
  readonly topic: number
  readonly part: number
  readonly base: number
  readonly count: number
  readonly timestamp: number
  readonly crc: number
  readonly bytes: Uint8Array
}

export class LogFile {
  readonly #db: DatabaseSync
  readonly #wal: WalSync
  readonly #insertBatch: StatementSync
  readonly #upsertCheckpoint: StatementSync
  readonly #batchesFrom: StatementSync
  readonly #checkpoint: StatementSync
  readonly #rowsFrom: StatementSync
  readonly #newest: StatementSync
  readonly #upsertNewest: StatementSync
  readonly #deleteBatch: StatementSync

  constructor(path: string, bytesMax: number | undefined) {
    this.#db = openDatabase(path)
    this.#wal = new WalSync(path)
    if (bytesMax !== undefined) this.#db.exec(`pragma max_page_count = ${Math.ceil(bytesMax / PAGE_BYTES)}`)
    this.#insertBatch = this.#db.prepare('insert into batch values (?, ?, ?, ?, ?, ?, ?)')
    this.#upsertCheckpoint = this.#db.prepare(
      'insert into checkpoint values (?, ?, ?, ?, ?) on conflict do update set next = excluded.next, crc = excluded.crc',
    )
    this.#batchesFrom = this.#db.prepare(
      `select topic, part, base, count, timestamp, crc, bytes from batch where topic = ?1 and part = ?2
       and base >= (select max(base) from batch where topic = ?1 and part = ?2 and base <= ?3) order by base`,
    )
    this.#checkpoint = this.#db.prepare('select next, crc from checkpoint where name = ? and topic = ? and part = ?')
    this.#rowsFrom = this.#db.prepare(
      `select topic, part, base, count, timestamp, crc, bytes from batch where topic = ? and part = ? and base >= ? order by base`,
    )
    this.#newest = this.#db.prepare('select base from newest where topic = ? and part = ? and key = ?')
    this.#upsertNewest = this.#db.prepare(
      'insert into newest values (?, ?, ?, ?, ?) on conflict do update set base = excluded.base, gone_at = excluded.gone_at',
    )
    this.#deleteBatch = this.#db.prepare('delete from batch where topic = ? and part = ? and base = ?')
  }

  /** A transaction that could not be undone when it failed is undone first. */
  begin(): void {
    this.abandon()
    this.#db.exec('begin immediate')
  }

  commit(): void {
    this.#db.exec('commit')
  }

  /** Makes all that was committed before durable. */
  sync(moment: SyncMoment): Promise<void> {
    return this.#wal.sync(moment)
  }

  /** The same after a sync that has failed, of which nobody knows what it was about. */
  syncAnew(): void {
    this.#wal.syncAnew()
  }

  /** Undoes the open transaction, if SQLite has not done so by itself. */
  abandon(): void {
    if (this.#db.isTransaction) this.#db.exec('rollback')
  }

  /** Writes what stands there once more: whether the disk takes anything. */
  touch(): void {
    this.#db.exec(`pragma user_version = ${SCHEMA_VERSION}`)
  }

  topics(): TopicRow[] {
    const rows = this.#db
      .prepare(
        `select id, name, partitions, retention_days as retentionDays, crc, compacted.topic is not null as compacted
         from topic left join compacted on compacted.topic = topic.id`,
      )
      .all() as unknown as (Omit<TopicRow, 'compacted'> & { readonly compacted: number; readonly crc: number })[]
    return rows.map(({ crc, ...rest }) => {
      const row = { ...rest, compacted: rest.compacted === 1 }
      if (crc !== topicCrc(row)) throw damaged(`the topic ${row.name} is not what was written`)
      return row
    })
  }

  insertTopic({ name, partitions, retention }: TopicSpec): TopicRow {
    const retentionDays = typeof retention === 'string' ? null : retention.days
    const compacted = retention === 'compacted'
    const next = this.#db.prepare('select coalesce(max(id), 0) + 1 as id from topic')
    const insert = this.#db.prepare('insert into topic values (?, ?, ?, ?, ?)')
    this.begin()
    try {
      const row = { id: Number(next.get()?.id), name, partitions, retentionDays, compacted }
      insert.run(row.id, name, partitions, retentionDays, topicCrc(row))
      if (compacted) this.#db.prepare('insert into compacted values (?)').run(row.id)
      this.commit()
      return row
    } catch (error) {
      this.abandon()
      throw error
    }
  }

  /** Notes the newest record of a key; the one before it goes. */
  putNewest({ topic, part, key, base, goneAt }: KeyedRow): void {
    const before = this.#newest.get(topic, part, key)
    if (before) this.#deleteBatch.run(topic, part, Number(before.base))
    this.#upsertNewest.run(topic, part, key, base, goneAt)
  }

  /** Removes records that said long ago that their key is gone, and never the last: it tells where the next begins. */
  deleteGone(topic: number, part: number, limit: { timestamp: number; records: number }): number {
    const gone = this.#db.prepare(
      `select key, base from newest where topic = ?1 and part = ?2 and gone_at < ?3
       and base < (select max(base) from batch where topic = ?1 and part = ?2) limit ?4`,
    )
    const forget = this.#db.prepare('delete from newest where topic = ? and part = ? and key = ?')
    const found = gone.all(topic, part, limit.timestamp, limit.records)
    this.begin()
    try {
      for (const { key, base } of found) {
        this.#deleteBatch.run(topic, part, Number(base))
        forget.run(topic, part, key as Uint8Array)
      }
      this.commit()
    } catch (error) {
      this.abandon()
      throw error
    }
    return found.length
  }

  /** Rows from an offset on, of a topic whose records have a row each. */
  rowsFrom(topic: number, part: number, offset: number): Iterable<BatchRow> {
    return this.#rowsFrom.iterate(topic, part, offset) as unknown as Iterable<BatchRow>
  }

  /** Oldest offset and the one after the newest, of one partition. */
  bounds(topic: number, part: number): { start: number; end: number } {
    const first = this.#db.prepare('select base from batch where topic = ? and part = ? order by base limit 1')
    const last = this.#db.prepare(
      'select base + count as next from batch where topic = ? and part = ? order by base desc limit 1',
    )
    return { start: Number(first.get(topic, part)?.base ?? 0), end: Number(last.get(topic, part)?.next ?? 0) }
  }

  insertBatch(row: BatchRow): void {
    this.#insertBatch.run(row.topic, row.part, row.base, row.count, row.timestamp, row.crc, row.bytes)
  }

  /** The batch that holds an offset, and those behind it, read one by one. */
  batchesFrom(topic: number, part: number, offset: number): Iterable<BatchRow> {
    return this.#batchesFrom.iterate(topic, part, offset) as unknown as Iterable<BatchRow>
  }

  /** Removes batches of before a time, oldest first, some at a time, and never the last: it tells where the next begins. */
  deleteBefore(topic: number, part: number, limit: { timestamp: number; batches: number }): number {
    const remove = this.#db.prepare(
      `delete from batch where topic = ?1 and part = ?2 and base in (
         select base from batch where topic = ?1 and part = ?2 and timestamp < ?3
         and base < (select max(base) from batch where topic = ?1 and part = ?2) order by base limit ?4)`,
    )
    return Number(remove.run(topic, part, limit.timestamp, limit.batches).changes)
  }

  upsertCheckpoint(group: string, topic: number, part: number, next: number): void {
    this.#upsertCheckpoint.run(group, topic, part, next, checkpointCrc({ group, topic, part, next }))
  }

  checkpoint(group: string, topic: number, part: number): number | undefined {
    const row = this.#checkpoint.get(group, topic, part)
    if (row === undefined) return undefined
    const next = Number(row.next)
    if (row.crc !== checkpointCrc({ group, topic, part, next }))
      throw damaged(`the checkpoint of ${group} is not what was written`)
    return next
  }

  close(): void {
    this.#wal.close()
    this.#db.close()
  }
}

function topicCrc({ id, name, partitions, retentionDays, compacted }: TopicRow): number {
  return crc32(`${id}/${name}/${partitions}/${retentionDays}/${compacted}`)
}

interface CheckpointRow {
  readonly group: string
  readonly topic: number
  readonly part: number
  readonly next: number
}

function checkpointCrc({ group, topic, part, next }: CheckpointRow): number {
  return crc32(`${group}/${topic}/${part}/${next}`)
}

function damaged(why: string): OperationalError {
  return new OperationalError('log-corrupt', `the log is damaged: ${why}`, { where: WHERE, retriable: false })
}

function openDatabase(path: string): DatabaseSync {
  const db = new DatabaseSync(path)
  try {
    // A commit is not synced by itself: `sync` is for many, and does not keep this thread waiting.
    db.exec(`pragma page_size = ${PAGE_BYTES}; pragma journal_mode = wal; pragma synchronous = normal`)
    db.exec(`pragma wal_autocheckpoint = ${WAL_PAGES}`)
    ensureSchema(db, path)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function ensureSchema(db: DatabaseSync, path: string): void {
  const version = db.prepare('pragma user_version').get()?.user_version
  if (version === SCHEMA_VERSION) {
    db.exec(COMPACTED_SCHEMA)
    return
  }
  if (version !== 0) {
    const why = `${path} was written by another version of Kasaga (layout ${version}, this one knows ${SCHEMA_VERSION})`
    throw new OperationalError('log-version', why, { where: WHERE, retriable: false })
  }
  db.exec(`begin; ${SCHEMA} ${COMPACTED_SCHEMA} pragma user_version = ${SCHEMA_VERSION}; commit`)
}
