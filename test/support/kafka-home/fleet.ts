/** Services of an installation as processes of their own, to be killed, stopped and paused, with what they log. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Surroundings } from './fresh-installation.ts'

export type ServiceName = 'orchestrator' | 'projector' | 'gateway' | 'inventory' | 'payment' | 'shipping'

export interface LogLine {
  /** As pino numbers them: 30 info, 40 warn, 50 error. */
  readonly level: number
  readonly time: string
  readonly msg: string
  readonly partition?: number
  readonly [field: string]: unknown
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const RUNNING_WITHIN_MS = 90_000

/** One service's process. */
export class ServiceProcess {
  readonly name: ServiceName
  readonly lines: LogLine[] = []
  /** What was written that is no log line: nothing, unless it broke. */
  readonly raw: string[] = []
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  readonly #file: WriteStream | undefined

  constructor(name: ServiceName, surroundings: Surroundings, env: Readonly<Record<string, string>> = {}) {
    this.name = name
    const { kafka, prefix, databaseUrl, mains = {}, logFolder } = surroundings
    this.#child = spawn(process.execPath, [mains[name] ?? `services/${name}/main.ts`], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        KASAGA_KAFKA: kafka,
        ...(databaseUrl !== undefined && { KASAGA_DATABASE_URL: databaseUrl }),
        KASAGA_PREFIX: prefix,
        KASAGA_LOG_LEVEL: 'info',
        ...(name === 'gateway' && { KASAGA_PORT: '0' }),
        ...surroundings.env,
        ...env,
      },
    })
    this.#closed = once(this.#child, 'close')
    this.#file = logFolder === undefined ? undefined : createWriteStream(join(logFolder, `${name}-${this.pid}.log`))
    this.#child.once('close', () => this.#file?.end())
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface(stream).on('line', (line) => this.#read(line))
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Undefined while it runs. */
  get ended(): { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined {
    return this.alive ? undefined : { code: this.#child.exitCode, signal: this.#child.signalCode }
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  async running(): Promise<this> {
    await this.said('running', RUNNING_WITHIN_MS)
    return this
  }

  /** Waits for a line with that message. */
  async said(message: string, withinMs: number): Promise<LogLine> {
    const until = Date.now() + withinMs
    for (;;) {
      const line = this.lines.find(({ msg }) => msg === message)
      if (line) return line
      if (Date.now() > until || !this.alive) throw new Error(`${this.name} has not said ${message}:\n${this.#tail()}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Sends a signal; answers when. */
  signal(signal: NodeJS.Signals): number {
    this.#child.kill(signal)
    return Date.now()
  }

  /** Ends it in order, or by force; answers its exit code. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    if (this.alive) {
      const exited = once(this.#child, 'exit')
      this.#child.kill(signal)
      await exited
    }
    return this.#child.exitCode
  }

  /** Answers its exit code, once it has ended by itself and all that it said was read. */
  async exitCode(): Promise<number | null> {
    await this.#closed
    return this.#child.exitCode
  }

  #read(line: string): void {
    if (this.#file?.writable) this.#file.write(`${line}\n`)
    const parsed = asLogLine(line)
    if (parsed) this.lines.push(parsed)
    else this.raw.push(line)
  }

  #tail(): string {
    return [...this.raw, ...this.lines.slice(-10).map((line) => JSON.stringify(line))].join('\n')
  }
}

function asLogLine(line: string): LogLine | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as LogLine
  } catch {
    return undefined
  }
}

/** All processes of an installation. */
export class Fleet {
  readonly #surroundings: Surroundings
  readonly all: ServiceProcess[] = []

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
  }

  /** Starts services, as many as are named, and waits until they run. */
  start(...names: readonly ServiceName[]): Promise<readonly ServiceProcess[]> {
    const started = names.map((name) => new ServiceProcess(name, this.#surroundings))
    this.all.push(...started)
    return Promise.all(started.map((service) => service.running()))
  }

  /** Starts one with settings of its own. */
  async startWith(name: ServiceName, env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
    const service = new ServiceProcess(name, this.#surroundings, env)
    this.all.push(service)
    return service.running()
  }

  /** The ones that run. */
  of(name: ServiceName): readonly ServiceProcess[] {
    return this.all.filter((service) => service.name === name && service.alive)
  }

  /** The first that runs. */
  one(name: ServiceName): ServiceProcess {
    const [first] = this.of(name)
    if (!first) throw new Error(`no ${name} runs`)
    return first
  }

  /** Lines of all services at or above a level. */
  lines(level: number): readonly (LogLine & { readonly from: string })[] {
    return this.all.flatMap(({ name, lines }) =>
      lines.filter((line) => line.level >= level).map((line) => ({ ...line, from: name })),
    )
  }

  /** Leaves nothing running. */
  async end(): Promise<void> {
    await Promise.all(this.all.map((service) => service.end('SIGKILL')))
  }
}
