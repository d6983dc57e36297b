/**
 * A lock between processes, for the time of an installation: two `npm run` on a fresh clone must not install at once.
 *
 * The lock is a row of numbered folders, and the highest number counts. It is held while that folder has no file
 * `released` and its holder is alive: the process exists, and it has touched the folder within `heartbeatAgeMaxMs`.
 * To take it is to make the next number, which `mkdir` lets one process do. The highest folder is never removed, so a
 * lock whose holder has died is taken over without a moment in which two could think they have it.
 */
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 200
const heartbeatMs = 2000
const heartbeatAgeMaxMs = 30_000
const waitMaxMs = 15 * 60_000

async function numbers(folder) {
  const names = await readdir(folder)
  return names
    .map(Number)
    .filter(Number.isSafeInteger)
    .sort((a, b) => a - b)
}

async function orMissing(promise) {
  try {
    return await promise
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code !== 'ESRCH'
  }
}

async function isHeld(path) {
  const [touched, released, owner] = await Promise.all([
    orMissing(stat(path)),
    orMissing(stat(join(path, 'released'))),
    orMissing(readFile(join(path, 'owner'), 'utf8')),
  ])
  // A folder that is gone was overtaken by a higher number: look again.
  if (touched === undefined) return true
  if (released !== undefined) return false
  const [pid, host] = (owner ?? '').split('\n')
  if (pid && host === hostname() && !isAlive(Number(pid))) return false
  return Date.now() - touched.mtimeMs < heartbeatAgeMaxMs
}

/** Makes the next number. Undefined when somebody else was quicker. */
async function take(folder, number) {
  const path = join(folder, String(number))
  try {
    await mkdir(path)
  } catch (error) {
    if (error.code === 'EEXIST') return undefined
    throw error
  }
  const others = await numbers(folder)
  // Whoever looked long ago may make a number that has been used and removed since.
  if (others.some((other) => other > number)) {
    await rm(path, { recursive: true, force: true })
    return undefined
  }
  await writeFile(join(path, 'owner'), `${process.pid}\n${hostname()}`)
  for (const other of others) {
    if (other < number) await rm(join(folder, String(other)), { recursive: true, force: true })
  }
  return path
}

async function acquire(folder, waiting) {
  const until = Date.now() + waitMaxMs
  let told = false
  while (Date.now() < until) {
    const highest = (await numbers(folder)).at(-1) ?? 0
    if (highest === 0 || !(await isHeld(join(folder, String(highest))))) {
      const path = await take(folder, highest + 1)
      if (path !== undefined) return path
      continue
    }
    if (!told) waiting()
    told = true
    await sleep(pollMs)
  }
  throw new Error(`another installation has held ${folder} for ${waitMaxMs / 60_000} minutes`)
}

/** Runs `work` while holding the lock that lives in `folder`; `waiting` is called once if somebody else has it. */
export async function withInstallLock(folder, waiting, work) {
  await mkdir(folder, { recursive: true })
  const path = await acquire(folder, waiting)
  const heartbeat = setInterval(() => {
    const now = new Date()
    // A beat that fails only makes the lock look older than it is.
    utimes(path, now, now).catch(() => {})
  }, heartbeatMs)
  try {
    return await work()
  } finally {
    clearInterval(heartbeat)
    await writeFile(join(path, 'released'), '')
  }
}
