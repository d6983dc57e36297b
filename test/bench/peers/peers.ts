/** Other engines on the same saga, each as processes of its own, from packages that are installed for this alone. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { arch, platform, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { accepts, freePorts, startTethered } from '../../../infra/servers/tethered.ts'
import { benchPostgres } from '../homes/servers.ts'
import type { Measured } from '../work/load.ts'

export interface Peer {
  readonly name: string
  /** Keeps so many sagas in flight for a time, or as many as serve it best. @throws when one ended otherwise than it should. */
  closed(inFlight: number, forMs: number): Promise<Measured>
  close(): Promise<void>
}

const HERE = fileURLToPath(new URL('.', import.meta.url))
/**
 * As many in flight as serve each best; what is more only waits there, longer than a turn lasts. They go in step then, and a
 * turn sees them all end or none.
 */
const RESTATE_IN_FLIGHT_MAX = 500
const DBOS_IN_FLIGHT_MAX = 50
const READY_MS = 30_000
const INSTALL_MS = 180_000

/** A script of this folder that answers a line for each line. */
class Script {
  readonly #child: ChildProcess
  readonly #lines: Interface
  readonly #waiting: ((line: string) => void)[] = []

  constructor(file: string, env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [join(HERE, file)], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    })
    if (!this.#child.stdout) throw new Error('no output')
    this.#lines = createInterface(this.#child.stdout)
    // What a library prints besides is no answer.
    this.#lines.on('line', (line) => line.startsWith('{') && this.#waiting.shift()?.(line))
  }

  answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#child.once('exit', () => reject(new Error('the peer ended')))
      this.#waiting.push((line) => resolve(JSON.parse(line)))
    })
  }

  ask(line: object): Promise<unknown> {
    const answer = this.answer()
    this.#child.stdin?.write(`${JSON.stringify(line)}\n`)
    return answer
  }

  end(): void {
    this.#child.kill('SIGKILL')
  }
}

async function installed(): Promise<void> {
  if (existsSync(join(HERE, 'node_modules'))) return
  await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: HERE,
    timeout: INSTALL_MS,
  })
}

async function measured(script: Script, inFlight: number, forMs: number): Promise<Measured> {
  const { wrong, ...told } = (await script.ask({ inFlight, forMs })) as Omit<Measured, 'inFlightMax'> & {
    readonly wrong: readonly string[]
  }
  if (wrong.length > 0) throw new Error(`a peer's saga ended otherwise than it should: ${wrong.join(', ')}`)
  return { ...told, inFlightMax: inFlight }
}

/** `calls`: the steps are services that are asked over the server; `steps`: they run in the handler's own process. */
export async function openRestate(service: 'calls' | 'steps'): Promise<Peer> {
  await installed()
  const [ingress = 0, admin = 0, node = 0, services = 0] = await freePorts(4)
  const directory = await mkdtemp(join(tmpdir(), 'kasaga-bench-restate-'))
  const server = startTethered({
    command: join(HERE, `node_modules/@restatedev/restate-server-${platform()}-${arch()}/bin/restate-server`),
    args: ['--no-logo', '--listen-mode', 'tcp', '--bind-ip', '127.0.0.1', '--base-dir', directory],
    directory,
    stopSignal: 'SIGKILL',
    env: {
      RESTATE_INGRESS__BIND_PORT: String(ingress),
      RESTATE_ADMIN__BIND_PORT: String(admin),
      RESTATE_BIND_PORT: String(node),
      RESTATE_LOG_FILTER: 'error',
      RESTATE_DISABLE_TELEMETRY: 'true',
    },
  })
  await server.untilReady(async () => (await accepts(admin)) && (await accepts(ingress)), READY_MS)
  const handlers = new Script('restate-services.mjs', { BENCH_PORT: String(services) })
  await handlers.answer()
  const answer = await fetch(`http://127.0.0.1:${admin}/deployments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ uri: `http://127.0.0.1:${services}` }),
  })
  if (!answer.ok) throw new Error(`Restate refuses the services: ${await answer.text()}`)
  const env = { BENCH_INGRESS: `http://127.0.0.1:${ingress}`, BENCH_SERVICE: service }
  const load = new Script('restate-load.mjs', env)
  await load.answer()
  return {
    name: `restate ${service}`,
    closed: (inFlight, forMs) => measured(load, Math.min(inFlight, RESTATE_IN_FLIGHT_MAX), forMs),
    async close() {
      load.end()
      handlers.end()
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

export async function openDbos(): Promise<Peer> {
  await installed()
  const postgres = await benchPostgres()
  const load = new Script('dbos.mjs', { BENCH_DATABASE_URL: postgres.address })
  await load.answer()
  return {
    name: 'dbos direct',
    closed: (inFlight, forMs) => measured(load, Math.min(inFlight, DBOS_IN_FLIGHT_MAX), forMs),
    async close() {
      load.end()
      await postgres.stop()
    },
  }
}
