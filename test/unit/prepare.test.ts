import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { withInstallLock } from '../../infra/install-lock.mjs'
import { suits } from '../../infra/prepare.mjs'

describe('the installed Node', () => {
  test.each([
    ['20.20.2', undefined, false],
    ['22.21.9', 'strip', false],
    ['22.22.0', 'strip', true],
    ['23.11.0', 'strip', false],
    ['24.0.0', 'strip', true],
    ['26.1.0', 'strip', true],
    ['24.0.0', false, false],
  ] as const)('%s with types %s: %s', (version, typescript, fits) => expect(suits(version, typescript)).toBe(fits))
})

describe('the installation lock', () => {
  const noPid = 2 ** 22 + 1
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kasaga-lock-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  /** Leaves a lock behind as a process would that was killed while it held it. */
  async function leave(owner: string | undefined, ageMs: number): Promise<void> {
    const path = join(folder, '5')
    await mkdir(path)
    if (owner !== undefined) await writeFile(join(path, 'owner'), owner)
    const then = new Date(Date.now() - ageMs)
    await utimes(path, then, then)
  }

  test('one at a time, each in turn, and one folder is left', async () => {
    let inside = 0
    let most = 0
    let waits = 0
    const work = async () => {
      most = Math.max(most, ++inside)
      await sleep(10)
      inside--
    }
    await Promise.all(Array.from({ length: 5 }, () => withInstallLock(folder, () => waits++, work)))
    expect(most).toBe(1)
    expect(waits).toBe(4)
    expect(await readdir(folder)).toEqual(['5'])
  })

  test('is free again after work that failed', async () => {
    const failing = withInstallLock(
      folder,
      () => {},
      () => Promise.reject(new Error('no network')),
    )
    await expect(failing).rejects.toThrow('no network')
    expect(
      await withInstallLock(
        folder,
        () => {},
        async () => 'done',
      ),
    ).toBe('done')
  })

  test.each([
    ['whose process is gone', `${noPid}\n${hostname()}`, 0],
    ['of another machine that has not beaten for a minute', '1\nelsewhere', 60_000],
    ['that was never signed, a minute ago', undefined, 60_000],
  ])('takes over a lock %s', async (_, owner, ageMs) => {
    await leave(owner, ageMs)
    const waiting = () => expect.unreachable('a stale lock was waited for')
    expect(await withInstallLock(folder, waiting, async () => 'done')).toBe('done')
  })

  test.each([
    ['of a process that lives', `${process.pid}\n${hostname()}`],
    ['of another machine that beats', '1\nelsewhere'],
  ])('waits for a lock %s', async (_, owner) => {
    await leave(owner, 0)
    let waited = false
    const release = () => {
      waited = true
      void writeFile(join(folder, '5', 'released'), '')
    }
    await withInstallLock(folder, release, async () => {})
    expect(waited).toBe(true)
  })
})
