/**
 * Makes the write-ahead log of an open database durable, beside SQLite: with `synchronous = normal` a commit only writes it,
 * and a checkpoint syncs it before it moves pages. The sync runs in the thread pool, and the event loop goes on meanwhile; where
 * that has nothing else to do, and the disk is fast, it waits itself: to wake a thread and be woken takes longer than the sync.
 */
import { close, closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs'
import { OperationalError } from '../../message/errors.ts'
import type { SyncMoment } from '../in-process/log-store.ts'
import { rewriteWal } from './rewrite-wal.ts'
import { WHERE } from './sqlite-errors.ts'

/** A disk that is slower by average keeps nobody waiting. */
const FAST_MS = 2
/** Share of the newest in the average. */
const NEWEST = 0.1

export class WalSync {
  readonly #path: string
  #averageMs = 0
  #fd: number | undefined
  #isBusy = false
  #isClosed = false

  /** @param path that of the database */
  constructor(path: string) {
    this.#path = path
  }

  /**
   * Resolves once all that was committed before is durable. One at a time.
   * @throws OperationalError `log-io`, retriable: what was committed since the last one may be lost, and another call would not
   * find out: see `syncAnew`.
   */
  async sync({ isIdle }: SyncMoment): Promise<void> {
    const began = performance.now()
    try {
      // It comes with the first commit, and stays as long as the database is open.
      this.#fd ??= openSync(`${this.#path}-wal`, 'r')
      if (isIdle && this.#averageMs < FAST_MS) fdatasyncSync(this.#fd)
      else await this.#inThreadPool(this.#fd)
    } catch (cause) {
      throw ioError(this.#path, cause)
    } finally {
      this.#averageMs += (performance.now() - began - this.#averageMs) * NEWEST
    }
  }

  #inThreadPool(fd: number): Promise<void> {
    this.#isBusy = true
    return new Promise((resolve, reject) => {
      fdatasync(fd, (cause) => {
        this.#isBusy = false
        if (this.#isClosed) close(fd)
        if (cause) reject(cause)
        else resolve()
      })
    })
  }

  /**
   * Writes the write-ahead log over with itself, and syncs it.
   * @throws OperationalError `log-io`, retriable
   */
  syncAnew(): void {
    rewriteWal(this.#path)
  }

  close(): void {
    this.#isClosed = true
    if (this.#fd !== undefined && !this.#isBusy) closeSync(this.#fd)
  }
}

function ioError(path: string, cause: unknown): OperationalError {
  const message = `what was written last to ${path} cannot be made durable`
  return new OperationalError('log-io', message, { where: WHERE, retriable: true, cause })
}
