/** The embedded broker: a log in one SQLite file of a data directory, owned by one process. */
import { mkdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { messageOf, OperationalError } from '../../message/errors.ts'
import type { Broker } from '../../ports/broker.ts'
import type { Cancel, Clock } from '../../ports/clock.ts'
import { InProcessBroker } from '../in-process/in-process-broker.ts'
import { InProcessLog } from '../in-process/in-process-log.ts'
import { LogFile } from './log-file.ts'
import { takeOwnership } from './owner-lock.ts'
import { rewriteWal } from './rewrite-wal.ts'
import { classify, WHERE } from './sqlite-errors.ts'
import { SqliteStore } from './sqlite-store.ts'

export interface SqliteLogOptions {
  readonly clock: Clock
  /** Made when it is not there. */
  readonly directory: string
  /** How long to wait for a previous owner to go; not at all when left out. */
  readonly waitForOwnerMs?: number
  /** Largest size of the log's file; an append beyond it is refused with `log-full`. */
  readonly bytesMax?: number
  /** Hears of trouble that no caller waits for: old records that could not be removed. */
  readonly onTrouble?: (error: OperationalError) => void
  /** Told each time that the disk does not take what is to be written, and with nothing once it does again. */
  readonly onWrite?: (trouble: OperationalError | undefined) => void
}

const EXPIRE_EVERY_MS = 600_000
/** How often it is tried whether a disk that took nothing takes anything again. */
const PROBE_EVERY_MS = 1_000
/** Batches that one turn removes from each partition; more wait for the next turn, so that appends come between. */
const EXPIRE_BATCHES_MAX = 200

/**
 * Opens the log of a directory as its owner. An append is answered when it has been synced to disk, if it does not ask to be
 * answered before.
 * Throws `log-owned` when another process has it, `log-corrupt`, `log-cut`, `log-version`, `log-unreachable`.
 */
export async function openSqliteLog(options: SqliteLogOptions): Promise<Broker> {
  const { clock, directory } = options
  makeDirectory(directory)
  const letGo = await takeOwnership(directory, { clock, waitMs: options.waitForOwnerMs ?? 0 })
  try {
    const prober = new Prober(options)
    const store = openStore(options, prober)
    const log = new InProcessLog(store, clock)
    prober.begin(store, log)
    const stop = expireAgainAndAgain(store, options)
    return new InProcessBroker(log, async () => {
      stop()
      await log.close()
      prober.end()
      letGo()
    })
  } catch (error) {
    letGo()
    throw withAdvice(classify(error, `opening the log in ${directory}`), directory)
  }
}

function openStore({ clock, directory, bytesMax }: SqliteLogOptions, prober: Prober): SqliteStore {
  const path = join(directory, 'log.db')
  rewriteWal(path)
  const file = new LogFile(path, bytesMax)
  try {
    const onWrite = (trouble: OperationalError | undefined) => prober.wrote(trouble)
    return new SqliteStore({ file, clock, endsPath: join(directory, 'log.ends'), onWrite })
  } catch (error) {
    file.close()
    throw error
  }
}

/** While nothing can be written, tries now and again: trouble is over when the disk says so, not only when somebody writes. */
class Prober {
  readonly #options: SqliteLogOptions
  #store: SqliteStore | undefined
  #log: InProcessLog | undefined
  #cancel: Cancel | undefined

  constructor(options: SqliteLogOptions) {
    this.#options = options
  }

  begin(store: SqliteStore, log: InProcessLog): void {
    this.#store = store
    this.#log = log
  }

  wrote(trouble: OperationalError | undefined): void {
    if (trouble) this.#cancel ??= this.#options.clock.schedule(PROBE_EVERY_MS, () => this.#probe())
    else this.end()
    if (!trouble) this.#log?.recovered()
    this.#options.onWrite?.(trouble)
  }

  end(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #probe(): void {
    this.#cancel = undefined
    this.#store?.probe()
  }
}

const DAMAGES: ReadonlySet<string> = new Set(['log-corrupt', 'log-cut', 'log-failed'])

/** Nothing is repaired by guessing: what is missing somebody relies on. */
function withAdvice(error: OperationalError, directory: string): OperationalError {
  if (!DAMAGES.has(error.code)) return error
  const { code, message, retriable, cause } = error
  const advice = `keep ${directory} as it is, restore a backup of the whole folder, and see "A damaged data folder" in docs/operations.md`
  const file = `${join(directory, 'log.db')} cannot be used`
  return new OperationalError(code, `${file}: ${message}; ${advice}`, { where: WHERE, retriable, cause })
}

/** One after another: the runtime's own way of making them all never ends where a file system refuses one as not found. */
function makeFolders(path: string): void {
  if (isFolder(path)) return
  makeFolders(dirname(path))
  try {
    mkdirSync(path)
  } catch (error) {
    // Another process has just made it.
    if (!isFolder(path)) throw error
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function makeDirectory(directory: string): void {
  try {
    makeFolders(resolve(directory))
  } catch (cause) {
    const why = `the data directory ${directory} cannot be made: ${messageOf(cause)}`
    throw new OperationalError('log-unreachable', why, { where: WHERE, retriable: false, cause })
  }
}

function expireAgainAndAgain(store: SqliteStore, { clock, onTrouble }: SqliteLogOptions): Cancel {
  let cancel: Cancel = () => {}
  const turn = () => {
    cancel = clock.schedule(expire(store, onTrouble) ? 0 : EXPIRE_EVERY_MS, turn)
  }
  turn()
  return () => cancel()
}

function expire(store: SqliteStore, onTrouble: SqliteLogOptions['onTrouble']): boolean {
  try {
    return store.expire(EXPIRE_BATCHES_MAX)
  } catch (error) {
    onTrouble?.(classify(error, 'removing old records'))
    return false
  }
}
