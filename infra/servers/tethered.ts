import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface TetheredCommand {
  readonly command: string
  readonly args: readonly string[]
  /** Removed when the server has ended. */
  readonly directory: string
  readonly stopSignal: NodeJS.Signals
  readonly env?: Readonly<Record<string, string>>
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
}

export interface Tethered {
  /** Rejects when the server ends before `ready` says that it answers. */
  untilReady(ready: () => Promise<boolean>, readyWithinMs: number): Promise<void>
  /** Brings the server down, and leaves its directory for `up`. */
  down(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT' | 'SIGQUIT'): void
  /** The last of what it has written. */
  said(): string
  /** Starts a server that was brought down, once it has ended. */
  up(): void
  stop(): Promise<void>
}

const KILL_AFTER_MS = 4_000
const OUTPUT_CHARS_MAX = 20_000
const READY_PAUSE_MS = 50

/** Starts a server that cannot outlive this process: a small process holds it and watches a pipe to us. */
export function startTethered(options: TetheredCommand): Tethered {
  const tether = fileURLToPath(new URL('./tether.mjs', import.meta.url))
  const plan = { ...options, ...options.user, killAfterMs: KILL_AFTER_MS }
  // Detached, so that Ctrl-C reaches only us and the order of stopping stays ours.
  const child = spawn(process.execPath, [tether, JSON.stringify(plan)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-OUTPUT_CHARS_MAX)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  child.stdin.on('error', () => {})
  const ended = once(child, 'close').then(() => {})
  return {
    untilReady: (ready, readyWithinMs) => untilReady({ ready, readyWithinMs, ended, output: () => output }),
    down: (signal) => void child.stdin.write(`${signal}\n`),
    up: () => void child.stdin.write('start\n'),
    said: () => output,
    async stop() {
      child.stdin.destroy()
      await ended
    },
  }
}

interface Readiness {
  readonly ready: () => Promise<boolean>
  readonly readyWithinMs: number
  readonly ended: Promise<void>
  readonly output: () => string
}

async function untilReady({ ready, readyWithinMs, ended, output }: Readiness): Promise<void> {
  let over = false
  ended.then(() => {
    over = true
  })
  const deadline = Date.now() + readyWithinMs
  while (!(await ready().catch(() => false))) {
    if (over) throw new Error(`the server ended: ${output().trim().slice(-600)}`)
    if (Date.now() > deadline) throw new Error(`the server did not answer within ${readyWithinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, READY_PAUSE_MS))
  }
}

/** Ports of the loopback address that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => {
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  })
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** Whether something accepts connections there. */
export function accepts(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** A new directory for one server's data, removed again when `start` fails. */
export async function withDataDirectory<T>(name: string, start: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), `kasaga-${name}-`))
  try {
    return await start(directory)
  } catch (error) {
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    throw error
  }
}
