/** An embedded home of its own for examples, in a folder that goes with it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedHome } from '../../../services/embedded/home.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import type { SuiteHome } from './examples-suite.ts'

export async function openExampleHome(): Promise<SuiteHome> {
  const directory = await mkdtemp(join(tmpdir(), 'kasaga-examples-'))
  const home = await openEmbeddedHome({ directory, log: noLog })
  return {
    home,
    prefix: 'examples',
    async close() {
      await home.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
