/** The runner behind the npm scripts: endings, signals and sudden deaths pass through it, and nothing is left behind. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const GONE_WITHIN_MS = 3000

const groups: number[] = []
afterEach(() => {
  for (const pid of groups.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
})

interface Started {
  readonly process: ChildProcess
  /** The process that does the work, two or three below the test. */
  readonly workerPid: number
  output(): string
}

/** Starts the runner in a group of its own, as a terminal would, directly or below a stand-in for npm. */
async function start(words: readonly string[], below: readonly string[] = []): Promise<Started> {
  const args = [...below, 'infra/run.mjs', 'test/support/launch/child.ts', ...words]
  const process = spawn(globalThis.process.execPath, args, {
    cwd: root,
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let output = ''
  process.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  await expect.poll(() => output, { timeout: 5000 }).toMatch(/pid=\d+/)
  const workerPid = Number(/pid=(\d+)/.exec(output)?.[1])
  groups.push(workerPid, process.pid ?? workerPid)
  return { process, workerPid, output: () => output }
}

/** A process that is there and no zombie. */
function isAlive(pid: number): boolean {
  const stat = `/proc/${pid}/stat`
  if (existsSync('/proc/self/stat')) return existsSync(stat) && !/\) Z /.test(readFileSync(stat, 'utf8'))
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const ending = async ({ process }: Started): Promise<unknown> =>
  process.exitCode ?? process.signalCode ?? (await once(process, 'exit').then(([code, signal]) => code ?? signal))
const gone = (pid: number) => expect.poll(() => isAlive(pid), { timeout: GONE_WITHIN_MS }).toBe(false)

test('the exit code of the program is the exit code of the runner', async () => {
  expect(await ending(await start(['exit', '7']))).toBe(7)
})

test('the signal that the program dies from is the one that the runner dies from', async () => {
  expect(await ending(await start(['crash']))).toBe('SIGKILL')
})

test('standard input reaches the program', async () => {
  const started = await start(['echo'])
  started.process.stdin?.end('from the user\n')
  expect(await ending(started)).toBe(0)
  expect(started.output()).toContain('from the user')
})

test('Ctrl-C reaches the program once, which cleans up while the runner waits', async () => {
  const started = await start(['stay', '5'])
  const { pid = 0 } = started.process
  process.kill(-pid, 'SIGINT')
  // npm passes on what the terminal has sent to the whole group already.
  process.kill(pid, 'SIGINT')
  expect(await ending(started)).toBe(5)
  expect(started.output()).toContain('interrupts=1\n')
})

test('kill -9 of the runner ends the program, even one that is busy', async () => {
  const started = await start(['busy'])
  started.process.kill('SIGKILL')
  await gone(started.workerPid)
})

test('kill -9 of what started the runner ends both', async () => {
  const started = await start(['busy'], ['test/support/launch/parent.ts'])
  started.process.kill('SIGKILL')
  await gone(started.workerPid)
})
