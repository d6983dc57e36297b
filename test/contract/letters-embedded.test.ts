import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedHome } from '../../services/embedded/home.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { lettersSuite } from '../support/letters/letters-suite.ts'

lettersSuite(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kasaga-letters-'))
  const home = await openEmbeddedHome({ directory, log: noLog })
  return {
    home,
    prefix: 'letters',
    async close() {
      await home.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
})
