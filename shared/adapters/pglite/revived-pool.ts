/**
 * A pool that outlives its thread: whoever asks for the connection after the thread has died starts another one, on what
 * the dead one left behind, which is as after `kill -9`. Queries that were under way fail.
 */
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import type { PgliteThread } from './pglite-thread.ts'

export class RevivedPool implements PostgresPool {
  readonly options = {}
  readonly #revive: () => Promise<PgliteThread>
  #thread: PgliteThread
  #reviving: Promise<PgliteThread> | undefined

  constructor(thread: PgliteThread, revive: () => Promise<PgliteThread>) {
    this.#thread = thread
    this.#revive = revive
  }

  get endedCleanly(): boolean {
    return this.#thread.endedCleanly
  }

  async connect(): Promise<PostgresPoolClient> {
    if (this.#thread.isBroken) {
      this.#reviving ??= this.#revive().finally(() => {
        this.#reviving = undefined
      })
      this.#thread = await this.#reviving
    }
    return this.#thread.connect()
  }

  async end(): Promise<void> {
    await this.#reviving?.catch(() => {})
    await this.#thread.end()
  }
}
