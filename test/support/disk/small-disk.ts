/**
 * A file system of a few megabytes, for processes that are to meet its end: a tmpfs in a mount namespace of its own, which
 * needs no rights and goes away with the process that holds it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
/** Ends when its standard input does, and so with the test. */
const HOLD = 'mount -t tmpfs -o "size=$2" tmpfs "$1" && echo mounted && exec cat'
const PIECE = Buffer.alloc(65_536)

/**
 * A suite on such a disk; await it at the top of a test file. Where there can be none it shows as skipped, with the reason, and
 * as failed under `KASAGA_REQUIRE_REAL=1`.
 */
export async function describeOnSmallDisk(
  title: string,
  bytes: number,
  suite: (disk: SmallDisk) => void,
): Promise<void> {
  const disk = await SmallDisk.open(bytes)
  if (typeof disk !== 'string') {
    describe(title, () => {
      afterAll(() => disk.close())
      suite(disk)
    })
    return
  }
  process.stderr.write(`not run: ${title}: ${disk}\n`)
  describe(title, () => {
    if (process.env.KASAGA_REQUIRE_REAL !== '1') test.skip(`not run: ${disk}`)
    else
      test('there is a small disk', () => {
        throw new Error(`KASAGA_REQUIRE_REAL=1, and ${disk}`)
      })
  })
}

export class SmallDisk {
  /** Where processes below `below` find it. */
  readonly path: string
  readonly #holder: ChildProcess

  private constructor(path: string, holder: ChildProcess) {
    this.path = path
    this.#holder = holder
  }

  /** A disk, or why this machine has none. */
  static async open(bytes: number): Promise<SmallDisk | string> {
    const path = mkdtempSync(join(tmpdir(), 'kasaga-disk-'))
    const holder = spawn('unshare', ['-rm', 'sh', '-c', HOLD, 'hold', path, String(bytes)])
    let said = ''
    holder.stderr.on('data', (text) => {
      said += text
    })
    const failed = once(holder, 'error').then(([error]) => String(error))
    const ended = once(holder, 'exit').then(() => said.trim() || 'unshare has ended')
    const reason = await Promise.race([once(holder.stdout, 'data').then(() => undefined), failed, ended])
    if (reason === undefined) return new SmallDisk(path, holder)
    rmdirSync(path)
    return reason
  }

  /** Words that run what comes after them where the disk is. */
  get below(): readonly string[] {
    const { pid = 0 } = this.#holder
    return ['nsenter', `--target=${pid}`, '--user', '--mount', '--preserve-credentials', `--wd=${ROOT}`]
  }

  get bytesFree(): number {
    const { bavail, bsize } = statfsSync(this.#outside())
    return bavail * bsize
  }

  /** Takes all but so many bytes. */
  fill(bytesLeft: number): void {
    const ballast = openSync(this.#outside('ballast'), 'a')
    try {
      while (this.bytesFree > bytesLeft)
        writeSync(ballast, PIECE, 0, Math.min(PIECE.length, this.bytesFree - bytesLeft))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
    } finally {
      closeSync(ballast)
    }
  }

  /** Gives back what `fill` took. */
  free(): void {
    rmSync(this.#outside('ballast'))
  }

  async close(): Promise<void> {
    const ended = once(this.#holder, 'exit')
    this.#holder.stdin?.end()
    await ended
    rmdirSync(this.path)
  }

  #outside(name = ''): string {
    return join('/proc', String(this.#holder.pid), 'root', this.path, name)
  }
}
