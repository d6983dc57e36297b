/** Values of several megabytes through a whole installation in a data folder. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedHome } from '../../services/embedded/home.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { largeSuite } from '../contract/large-suite.ts'

largeSuite(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kasaga-large-'))
  const home = await openEmbeddedHome({ directory, log: noLog })
  return {
    home,
    prefix: 'large',
    async close() {
      await home.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
})
