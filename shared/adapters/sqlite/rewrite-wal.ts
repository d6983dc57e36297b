/**
 * A write-ahead log that a process has left behind, before anybody believes it.
 *
 * A sync that fails leaves pages that the system holds for clean and the disk has never seen. A process that is killed then
 * leaves a write-ahead log that reads well, and whose middle is gone after a loss of power, with all that was acknowledged
 * behind it. So what is there is written over with itself, which makes every page one to be written, and synced.
 */
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { OperationalError } from '../../message/errors.ts'
import { WHERE } from './sqlite-errors.ts'

const PIECE_BYTES = 1_048_576

/**
 * Makes what stands in a database's write-ahead log durable. Only for who has the file alone: before it is opened, or while
 * nobody else can write.
 * @throws OperationalError `log-io`, retriable, when the disk does not take it.
 */
export function rewriteWal(databasePath: string): void {
  const fd = openIfThere(`${databasePath}-wal`)
  if (fd === undefined) return
  try {
    const { size } = fstatSync(fd)
    const piece = Buffer.allocUnsafe(Math.min(size, PIECE_BYTES))
    for (let at = 0; at < size; ) at += rewritten(fd, piece, at)
    if (size > 0) fsyncSync(fd)
  } catch (cause) {
    const message = `what was written last to ${databasePath} cannot be made durable`
    throw new OperationalError('log-io', message, { where: WHERE, retriable: true, cause })
  } finally {
    closeSync(fd)
  }
}

function rewritten(fd: number, piece: Buffer, at: number): number {
  const bytes = readSync(fd, piece, 0, piece.length, at)
  for (let done = 0; done < bytes; ) done += writeSync(fd, piece, done, bytes - done, at + done)
  return bytes
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r+')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new OperationalError('log-unreachable', `${path} cannot be opened`, {
      where: WHERE,
      retriable: false,
      cause: error,
    })
  }
}
