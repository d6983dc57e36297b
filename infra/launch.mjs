/**
 * Starts the one child that does the work, and stays beside it until it has ended.
 *
 * States: starting -> running -> (asked to stop) -> ended. Only the child's own exit ends it; this process never exits
 * before the child does, so that a shell or npm that waits for us has waited for the clean-up too.
 *
 * What it guarantees (Linux and macOS):
 * - A signal reaches the child once. The child leads a process group of its own, so a terminal's Ctrl-C, which goes to
 *   everyone in the foreground group, reaches it through us only; the same signal again within `signalEchoMs` (npm
 *   forwards what it has got itself) is that same Ctrl-C.
 * - When our parent dies, the child is killed with its whole group. When we are killed, the child notices by its end of
 *   the lifeline closing (die-with-parent.mjs) and kills its group itself. A killed run leaves nothing behind.
 * - Its exit code, or the signal it died from, becomes ours.
 */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { delimiter, dirname } from 'node:path'

const parentCheckMs = 250
const signalEchoMs = 1000
const lifelineFd = 3
const ownGroup = process.platform !== 'win32'
const dieWithParent = new URL('./die-with-parent.mjs', import.meta.url).href

/** Calls `gone` once when the process that started this one has died. Does not keep the process alive. */
export function watchParent(gone) {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    gone()
  }, parentCheckMs)
  timer.unref()
}

/** Starts `args` on the given Node, tied to this process by a lifeline; its own Node and npm come first in its PATH. */
export function spawnTied(node, args, options = {}) {
  const env = {
    ...process.env,
    ...options.env,
    PATH: [dirname(node), process.env.PATH].join(delimiter),
    KASAGA_LIFELINE_FD: String(lifelineFd),
  }
  return spawn(node, ['--import', dieWithParent, ...args], {
    cwd: options.cwd,
    env,
    detached: ownGroup,
    stdio: [...(options.stdio ?? ['inherit', 'inherit', 'inherit']), 'pipe'],
  })
}

/** Kills the child and everything it has started; nothing happens when they have ended. */
export function killGroup(child) {
  try {
    process.kill(ownGroup ? -child.pid : child.pid, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH' && error.code !== 'EPERM') throw error
  }
}

/** Settles with `{ code, signal }` when the child has ended. */
export function ended(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
}

function forwardSignals(child) {
  const lastMs = new Map()
  const forward = (signal) => {
    const now = performance.now()
    if (now - (lastMs.get(signal) ?? Number.NEGATIVE_INFINITY) < signalEchoMs) return
    lastMs.set(signal, now)
    child.kill(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) process.on(signal, forward)
  if (!ownGroup) return
  // The child is outside the terminal's group: what a terminal tells its group must be passed on too.
  process.on('SIGWINCH', () => child.kill('SIGWINCH'))
  process.on('SIGCONT', () => process.kill(-child.pid, 'SIGCONT'))
  process.on('SIGTSTP', () => {
    process.kill(-child.pid, 'SIGSTOP')
    process.kill(process.pid, 'SIGSTOP')
  })
}

function endAs({ code, signal }) {
  if (signal === null) process.exit(code)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
  // Reached when the signal takes a moment, or when it is one that this process may not die from.
  setTimeout(() => process.exit(128 + (constants.signals[signal] ?? 0)), 1000)
}

/** Runs `args` on the given Node with our own stdin, stdout and stderr, and ends as it ends. */
export async function launch(node, args) {
  const child = spawnTied(node, args)
  forwardSignals(child)
  const end = await ended(child)
  killGroup(child)
  endAs(end)
}
