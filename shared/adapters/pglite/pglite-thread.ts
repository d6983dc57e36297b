/**
 * PGlite in a thread of its own, in the shape of node-postgres' Pool, which is all that kysely's Postgres dialect asks
 * for. One connection: who asks for it while it is taken, waits.
 *
 *   opening --opened--> open --end--> ended
 *      \--failed----------\--the thread dies, or the database in it--> broken: every query fails from then on
 */
import { Worker } from 'node:worker_threads'
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import { assert, messageOf, OperationalError } from '../../message/errors.ts'
import type { QueryRequest, WorkerAnswer, WorkerSettings } from './worker-protocol.ts'

/** The worker's file: TypeScript in the checkout, JavaScript in the published package. */
const WORKER = new URL(`./pglite-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

type Rows = Extract<WorkerAnswer, { kind: 'rows' }>
interface Waiting {
  resolve(answer: WorkerAnswer): void
  reject(error: Error): void
}

const FIRST_WORD = /^\s*([a-z]+)/i

export class PgliteThread implements PostgresPool {
  readonly options = {}
  /** Whether the database was closed before its thread ended. */
  endedCleanly = false
  readonly #worker: Worker
  readonly #waiting: Waiting[] = []
  #broken: Error | undefined
  #ended: Promise<void> | undefined
  /** Settles once the connection is free again. */
  #free: Promise<void> = Promise.resolve()

  private constructor(worker: Worker) {
    this.#worker = worker
    worker.on('message', (answer: WorkerAnswer) => this.#waiting.shift()?.resolve(answer))
    worker.on('error', (error) => this.#break(error))
    worker.on('exit', () => this.#break(new Error('the thread of the view store has ended')))
  }

  /**
   * Starts the thread and opens the folder, making it when it is not there.
   * @throws OperationalError `view-store-trouble` when it does not open within `openTimeoutMs`.
   */
  static async open(settings: WorkerSettings, openTimeoutMs = 60_000): Promise<PgliteThread> {
    const worker = new Worker(WORKER, { workerData: settings, name: 'kasaga-views' })
    const thread = new PgliteThread(worker)
    const timer = setTimeout(() => thread.#break(new Error('the view store did not open in time')), openTimeoutMs)
    try {
      const answer = await thread.#next()
      if (answer.kind === 'failed') throw new Error(answer.error.message)
      return thread
    } catch (cause) {
      await worker.terminate()
      const why = `the view store in ${settings.folder} does not open: ${messageOf(cause)}`
      throw new OperationalError('view-store-trouble', why, { where: 'pglite', retriable: true, cause })
    } finally {
      clearTimeout(timer)
    }
  }

  /** Whether the thread is gone: nothing can be asked of it any more. */
  get isBroken(): boolean {
    return this.#broken !== undefined
  }

  async connect(): Promise<PostgresPoolClient> {
    let release = () => {}
    const before = this.#free
    this.#free = new Promise((resolve) => {
      release = resolve
    })
    await before
    const broken = this.#broken
    if (broken) {
      release()
      throw broken
    }
    const query = (text: unknown, params: readonly unknown[] = []) => {
      assert(typeof text === 'string', 'the embedded view store does not stream')
      return this.#query(text, params)
    }
    return { query: query as PostgresPoolClient['query'], release }
  }

  /** Waits for the connection, closes the database, and ends the thread. */
  end(): Promise<void> {
    this.#ended ??= this.#end()
    return this.#ended
  }

  /** Ends the thread at once, as a crash of it would. */
  async kill(): Promise<void> {
    await this.#worker.terminate()
  }

  async #end(): Promise<void> {
    await this.#free
    try {
      this.endedCleanly = (await this.#ask({ text: null, params: [] })).kind === 'ended'
    } catch {
      // The thread is gone already; what it left behind is judged when the folder is opened again.
    }
    await this.#worker.terminate()
  }

  async #query(text: string, params: readonly unknown[]): Promise<object> {
    const answer = await this.#ask({ text, params })
    if (answer.kind === 'failed') {
      const { message, code, isEnd } = answer.error
      if (isEnd) await this.#giveUp(message)
      throw Object.assign(new Error(message), { code })
    }
    const { rows, affected } = answer as Rows
    return { rows, rowCount: affected, command: FIRST_WORD.exec(text)?.[1]?.toUpperCase() ?? '' }
  }

  #ask(request: QueryRequest): Promise<WorkerAnswer> {
    const answer = this.#next()
    if (!this.#broken) this.#worker.postMessage(request)
    return answer
  }

  #next(): Promise<WorkerAnswer> {
    const broken = this.#broken
    if (broken) return Promise.reject(broken)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** The database has ended where its thread has not. */
  async #giveUp(why: string): Promise<void> {
    this.#break(new Error(`the view store has ended: ${why}`))
    await this.kill()
  }

  #break(error: Error): void {
    this.#broken ??= error
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error)
  }
}
