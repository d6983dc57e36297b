/**
 * One process owns a data directory. The lock is an open transaction on a file of its own: the operating system lets
 * go of it when the process ends, however it ends, so a lock is never left behind and never cleaned up by hand.
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { OperationalError } from '../../message/errors.ts'
import { type Clock, sleep } from '../../ports/clock.ts'
import { classify, isBusy, WHERE } from './sqlite-errors.ts'

const ASK_AGAIN_MS = 25

export interface LockOptions {
  readonly clock: Clock
  /** How long to wait for the previous owner to go. */
  readonly waitMs: number
}

/** Takes the lock of a directory and answers how to let it go; throws `log-owned` when another has it. */
export async function takeOwnership(directory: string, options: LockOptions): Promise<() => void> {
  const giveUpAt = options.clock.now() + options.waitMs
  for (;;) {
    const lock = tryLock(directory)
    if (lock) return () => lock.close()
    if (options.clock.now() >= giveUpAt) throw owned(directory)
    await sleep(options.clock, ASK_AGAIN_MS)
  }
}

function tryLock(directory: string): DatabaseSync | undefined {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(join(directory, 'owner.lock'), { timeout: 0 })
    db.exec('begin exclusive')
    return db
  } catch (error) {
    db?.close()
    if (isBusy(error)) return undefined
    throw classify(error, `locking ${directory}`)
  }
}

function owned(directory: string): OperationalError {
  const why = `the data directory ${directory} is in use by another process: stop that one first, or choose another directory`
  return new OperationalError('log-owned', why, { where: WHERE, retriable: true })
}
