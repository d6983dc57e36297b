/**
 * What is captured of a partition's memory as text, and back: a line of JSON for each entry, in the order in which they are
 * to be taken. `["-", table, key]`: it went. `["+", table, key, value]`: it is put. `["scopes", scopes]`: they belong to the
 * saga whose line comes next.
 */
import type { LockState } from '../../lock/lock-state.ts'
import type { MapChanges } from '../../message/tracked-map.ts'
import type { ScopeState } from '../../saga/state.ts'
import { lockFromJson, lockToJson } from './lock-json.ts'
import { type KnownSaga, packed, unpacked, unpackScopes } from './saga-lines.ts'
import { type Captured, TABLE_NAMES, type TableName } from './state-tables.ts'

/** Lines, without their ends, made as they are asked for. */
export function* linesOf(captured: Captured): Generator<string> {
  for (const table of TABLE_NAMES) {
    const { removed, keys, values } = captured[table]
    for (const key of removed) yield JSON.stringify(['-', table, key])
    for (const [i, key] of keys.entries()) yield* entryLines(table, key, values[i])
  }
}

function* entryLines(table: TableName, key: string, value: unknown): Generator<string> {
  if (table === 'live' || table === 'ended') {
    const scopes = packed(value as KnownSaga)
    let next = scopes.next()
    for (; !next.done; next = scopes.next()) yield JSON.stringify(['scopes', next.value])
    yield JSON.stringify(['+', table, key, next.value])
  } else if (isLocks(table)) yield JSON.stringify(['+', table, key, lockToJson(value as LockState)])
  else yield JSON.stringify(['+', table, key, value])
}

const isLocks = (table: TableName): boolean => table === 'taken' || table === 'free'

interface OpenChanges extends MapChanges<string, unknown> {
  readonly removed: string[]
  readonly keys: string[]
  readonly values: unknown[]
}

/** Takes text in pieces, cut anywhere; `captured` is what all of it says. */
export class SnapshotText {
  readonly captured = Object.fromEntries(
    TABLE_NAMES.map((name): [TableName, OpenChanges] => [name, { removed: [], keys: [], values: [] }]),
  ) as Record<TableName, OpenChanges>
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  /** A line that has begun. */
  #begun: string[] = []
  #scopes: (readonly ScopeState[])[] = []

  /** @throws Error when it is no such text. */
  push(bytes: Uint8Array): void {
    const [first = '', ...rest] = this.#decoder.decode(bytes, { stream: true }).split('\n')
    this.#begun.push(first)
    for (const next of rest) {
      this.#take(this.#begun.join(''))
      this.#begun = [next]
    }
  }

  /** Nothing more comes. @throws Error when it ends inside a line. */
  end(): void {
    if (this.#begun.join('') !== '' || this.#scopes.length > 0) throw new Error('the text ends inside an entry')
  }

  #take(line: string): void {
    const [what, ...rest] = JSON.parse(line)
    if (what === 'scopes') {
      unpackScopes(rest[0], this.#scopes)
      this.#scopes.push(rest[0])
      return
    }
    const [table, key, value] = rest
    const changes = Object.hasOwn(this.captured, table) ? this.captured[table as TableName] : undefined
    if (!changes || typeof key !== 'string') throw new Error(`not an entry: ${line.slice(0, 80)}`)
    if (what === '-') changes.removed.push(key)
    else {
      changes.keys.push(key)
      changes.values.push(this.#valueOf(table, value))
    }
  }

  #valueOf(table: TableName, value: unknown): unknown {
    if (isLocks(table)) return lockFromJson<LockState>(value)
    if (table !== 'live' && table !== 'ended') return value
    const saga = unpacked(value as KnownSaga, this.#scopes)
    this.#scopes = []
    return saga
  }
}
