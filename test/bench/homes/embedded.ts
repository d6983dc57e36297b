/** The embedded home: log on SQLite with fsync, participants inside, views on PGlite, all in this process. */
import { statSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedHome } from '../../../services/embedded/home.ts'
import type { Home } from '../../../services/home.ts'
import { startEverything } from '../../../services/one-process/main.ts'
import { verifyHome } from '../../../services/verify/home.ts'
import type { SagaClient } from '../../../shared/client/saga-client.ts'
import type { KasagaTopics } from '../../../shared/message/topics.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { ORCHESTRATOR_LIMITS, type OrchestratorLimits } from '../../../shared/runtime/limits.ts'
import type { BenchInstallation } from '../measure/measure-installation.ts'
import { BENCH_DEFINITIONS } from '../work/definitions.ts'
import { Load } from '../work/load.ts'
import { idleParticipants } from './participants.ts'
import { logRecords, viewsReached } from './reached.ts'

export interface EmbeddedInstallation extends BenchInstallation {
  readonly home: Home
  readonly client: SagaClient
  readonly topics: KasagaTopics
}

export async function openEmbedded(limits: OrchestratorLimits = ORCHESTRATOR_LIMITS): Promise<EmbeddedInstallation> {
  const directory = await mkdtemp(join(tmpdir(), 'kasaga-bench-'))
  const home = await openEmbeddedHome({ directory, log: noLog })
  const everything = await startEverything(home, 'kasaga', {
    definitions: BENCH_DEFINITIONS,
    participants: idleParticipants,
    limits,
  })
  const { topics, client } = everything
  await everything.open
  const load = await Load.open({ broker: home.broker, client, topics })
  return {
    ...{ home, client, topics, load },
    async log() {
      return { records: await logRecords(home, topics), bytes: await logBytes(directory), bytesBy: {} }
    },
    async audit() {
      await viewsReached(home, topics)
      return verifyHome(home, {
        topics,
        atRest: true,
        commands: true,
        definitions: BENCH_DEFINITIONS,
        participants: [],
      })
    },
    async close() {
      await load.close()
      await everything.stop()
      await home.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Of the log's own files: every topic is in them. */
async function logBytes(directory: string): Promise<number> {
  const files = (await readdir(directory)).filter((name) => name.startsWith('log.db'))
  return files.reduce((sum, name) => sum + statSync(join(directory, name)).size, 0)
}
