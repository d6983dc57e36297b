/**
 * Behind every npm script: `node infra/run.mjs <file.ts> [arguments]` or `node infra/run.mjs --bin vitest [arguments]`.
 *
 * Plain JavaScript without a dependency, because it is what runs on a fresh clone, on Node 20. It ends when npm, its
 * parent, is killed; whatever it has started then ends with it (launch.mjs).
 */
import { watchParent } from './launch.mjs'
import { start } from './start.mjs'

watchParent(() => process.exit(1))
await start(process.argv.slice(2))
