/** The demo and its neighbours as processes of their own, as a user starts them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Ending {
  /** Exit code, or the signal that it died from. */
  readonly end: number | string | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly pid: number
  readonly stdout: string
  readonly stderr: string
  kill(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void
  /** Settles once a stream's text matches, or the process has ended. */
  says(stream: 'stdout' | 'stderr', text: RegExp): Promise<void>
  ended(): Promise<Ending>
}

const running = new Set<ChildProcess>()

/** Kills what a failed test has left running. */
export function killLeftovers(): void {
  for (const child of running) child.kill('SIGKILL')
}

export interface Launch {
  /** Words of the command line before it: what runs it. */
  readonly below?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Starts `kasaga <args>`; `tmp`: where it makes its temporary folders. */
export function startKasaga(args: readonly string[], tmp?: string, { below = [], env = {} }: Launch = {}): Running {
  const [command = '', ...words] = [...below, process.execPath, 'services/cli/main.ts', ...args]
  const child = spawn(command, words, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...env, ...(tmp !== undefined && { TMPDIR: tmp }) },
  })
  running.add(child)
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
    })
  const closed = once(child, 'close').then(([code, signal]): Ending => {
    running.delete(child)
    return { end: code ?? signal, ...said }
  })
  return {
    pid: child.pid ?? 0,
    get stdout() {
      return said.stdout
    },
    get stderr() {
      return said.stderr
    },
    kill: (signal) => void child.kill(signal),
    async says(name, text) {
      while (!text.test(said[name]) && running.has(child))
        await Promise.race([once(child[name] ?? child, 'data'), closed])
    },
    ended: () => closed,
  }
}

/** Runs `kasaga <args>` to its end. */
export function runKasaga(args: readonly string[], tmp?: string, launch?: Launch): Promise<Ending> {
  return startKasaga(args, tmp, launch).ended()
}
