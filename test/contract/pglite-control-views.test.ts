import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPgliteViewStore } from '../../shared/adapters/pglite/pglite-view-store.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { controlViewsSuite } from './control-views-suite.ts'

controlViewsSuite(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kasaga-participant-views-'))
  const store = await openPgliteViewStore<ViewTables>({ folder: join(folder, 'views'), log: noLog })
  return {
    db: store.db,
    async close() {
      await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
})
