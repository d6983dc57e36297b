/**
 * Makes the write-ahead log of an open database durable, beside SQLite: with `synchronous = normal` a commit only writes it,
 * and a checkpoint syncs it before it moves pages. The sync runs in the thread pool, and the event loop goes on meanwhile.
 */
import { close, closeSync, fdatasync, openSync } from 'node:fs'
import { OperationalError } from '../../message/errors.ts'
import { rewriteWal } from './rewrite-wal.ts'
import { WHERE } from './sqlite-errors.ts'

export class WalSync {
  readonly #path: string
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
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      let fd: number
      try {
        // It comes with the first commit, and stays as long as the database is open.
        fd = this.#fd ??= openSync(`${this.#path}-wal`, 'r')
      } catch (cause) {
        reject(ioError(this.#path, cause))
        return
      }
      this.#isBusy = true
      fdatasync(fd, (cause) => {
        this.#isBusy = false
        if (this.#isClosed) close(fd)
        if (cause) reject(ioError(this.#path, cause))
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
