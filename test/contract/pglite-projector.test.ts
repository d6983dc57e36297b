import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openPgliteViewStore } from '../../shared/adapters/pglite/pglite-view-store.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { bulkRowsSuite } from './bulk-rows-suite.ts'
import { heldRowsSuite } from './held-rows-suite.ts'
import { projectorSuite } from './projector-suite.ts'
import { rebuildSuite } from './rebuild-suite.ts'
import { timerRowsSuite } from './timer-rows-suite.ts'

const folder = mkdtempSync(join(tmpdir(), 'kasaga-views-'))
let stores = 0

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const openStore = () => openPgliteViewStore({ folder: join(folder, String(stores++)), log: noLog })
projectorSuite('PGlite', openStore)
heldRowsSuite('PGlite', openStore)
timerRowsSuite('PGlite', openStore)
bulkRowsSuite('PGlite', openStore)
rebuildSuite('PGlite', openStore)
