/** A thread with one bug: source files are changed while they are loaded, then seeds are run until one fails. */
import { registerHooks } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { patched } from './bug.ts'
import type { Caught, PlantedWork } from './plant.ts'

const { bug, first, seeds } = workerData as PlantedWork
const root = new URL('../../../', import.meta.url).href
const planted = new Set<string>()

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    const own = bug.patches.filter(({ file }) => url === root + file)
    if (own.length === 0) return loaded
    let source =
      typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source as Uint8Array)
    for (const patch of own) {
      source = patched(source, patch)
      planted.add(patch.file)
    }
    return { ...loaded, source }
  },
})

const { breachIn } = await import('../checks/breaches.ts')
const { runSeeds } = await import('../run-seeds.ts')
const uncaught: ReturnType<typeof breachIn>[] = []
process.on('unhandledRejection', (error) => uncaught.push(breachIn(error)))
const { failed, totals } = await runSeeds({
  first,
  count: seeds,
  stopAtFirst: true,
  uncaught: () => uncaught.splice(0),
})
const unplanted = bug.patches.filter(({ file }) => !planted.has(file))
if (unplanted.length > 0) throw new Error(`never loaded: ${unplanted.map(({ file }) => file).join(', ')}`)
const breach = failed[0]?.breaches.find(({ invariant }) => invariant !== 'crash') ?? failed[0]?.breaches[0]
const caught: Caught = { name: bug.name, seed: failed[0]?.options.seed, seeds: totals.seeds, breach }
parentPort?.postMessage(caught)
