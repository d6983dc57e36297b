/** A schema registry with Confluent's API: Apicurio, from the archive that Maven brings, with its data in a file. */
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { missingJava } from './java-programs.ts'
import { runProgram } from './run-program.ts'
import type { RunningServer } from './server.ts'
import { accepts, freePorts, startTethered, type Tethered } from './tethered.ts'

/** The newest that runs on Java 17. */
const VERSION = '3.0.9'
const HEAP_MB = 384
const DOWNLOAD_WITHIN_MS = 300_000
const READY_WITHIN_MS = 90_000
const DOWN_WITHIN_MS = 30_000
const LOOK_AGAIN_MS = 50
const root = fileURLToPath(new URL('../..', import.meta.url))

/** One that a test may take down and bring up again; what it keeps stays. */
export interface RunningRegistry extends RunningServer {
  kill(): Promise<void>
  startAgain(): Promise<void>
}

export async function registryFromJar(): Promise<RunningRegistry | string> {
  const missing = await missingJava('a schema registry')
  return missing ?? start(await registryFolder())
}

async function start(folder: string): Promise<RunningRegistry> {
  const [port = 0] = await freePorts(1)
  const directory = await mkdtemp(join(tmpdir(), 'kasaga-registry-'))
  const args = [
    `-Xmx${HEAP_MB}m`,
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Dquarkus.http.host=127.0.0.1',
    `-Dquarkus.http.port=${port}`,
    `-Dapicurio.datasource.url=jdbc:h2:file:${join(directory, 'registry')}`,
    '-jar',
    jarIn(folder),
  ]
  const server = startTethered({ command: 'java', args, directory, stopSignal: 'SIGKILL' })
  const address = `http://127.0.0.1:${port}/apis/ccompat/v7`
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
    from: 'jar',
    stop: () => server.stop(),
    kill: () => takeDown(server, port),
    async startAgain() {
      server.up()
      await untilReady()
    },
  }
}

async function takeDown(server: Tethered, port: number): Promise<void> {
  // In order, so that its file is whole: an outage is the matter here, and not a broken disk.
  server.down('SIGTERM')
  const deadline = Date.now() + DOWN_WITHIN_MS
  while (await accepts(port)) {
    if (Date.now() > deadline) throw new Error(`the registry did not go down within ${DOWN_WITHIN_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}

async function answers(address: string): Promise<boolean> {
  const { ok } = await fetch(`${address}/subjects`)
  return ok
}

/** Fetched once and kept in `.runtime/`; unpacked beside its place and renamed, so that half of it is never taken for the whole. */
async function registryFolder(): Promise<string> {
  const folder = join(root, '.runtime', `apicurio-${VERSION}`)
  if (await exists(jarIn(folder))) return folder
  await mkdir(join(root, '.runtime'), { recursive: true })
  // Maven notes beside where it runs what it has unpacked, and unpacks it no second time: so it runs in a place of its own.
  const fetched = `${folder}.${process.pid}`
  const unpacked = join(fetched, 'unpacked')
  await mkdir(fetched)
  const artifact = `io.apicurio:apicurio-registry-app:${VERSION}:tar.gz:all`
  try {
    await runProgram(
      'mvn',
      ['-q', '-B', 'dependency:unpack', `-Dartifact=${artifact}`, `-DoutputDirectory=${unpacked}`],
      {
        withinMs: DOWNLOAD_WITHIN_MS,
        cwd: fetched,
      },
    )
    await access(jarIn(unpacked))
    await rename(unpacked, folder)
  } catch (error) {
    if (!(await exists(jarIn(folder)))) throw error
  } finally {
    await rm(fetched, { recursive: true, force: true })
  }
  return folder
}

function jarIn(folder: string): string {
  return join(folder, `apicurio-registry-app-${VERSION}-runner.jar`)
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
