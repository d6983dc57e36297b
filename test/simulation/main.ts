/** `npm run simulate`: see USAGE. Exit code 0: all held. 1: something broke, or never came. 2: it was not understood. */
import { type Asked, askedBy, USAGE } from './arguments.ts'
import { type Breach, breachIn } from './checks/breaches.ts'
import { BUGS } from './planted/bugs.ts'
import { type Caught, isCaught, plantAll } from './planted/plant.ts'
import { plantedRow, plantedText } from './planted/report.ts'
import { failureText, reportText } from './report-text.ts'
import { runSeed, type SeedResult } from './run-seed.ts'
import { runSeeds } from './run-seeds.ts'
import { readScenario, writeScenario } from './scenario.ts'
import { shrunk } from './shrink.ts'

const SHRINK_MS_MAX = 60_000
const FAILURES_SHRUNK_MAX = 3
const PROGRESS_MS = 250

const uncaught: Breach[] = []
process.on('unhandledRejection', (error) => uncaught.push(breachIn(error)))

const say = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

let saidAt = 0

/** One line that is written over, where somebody looks. */
function progress(text: string): void {
  if (!process.stderr.isTTY || performance.now() - saidAt < PROGRESS_MS) return
  saidAt = performance.now()
  process.stderr.write(`\r\u001b[2K${text}`)
}

async function simulate({ first, seeds: count, json }: Asked): Promise<boolean> {
  const run = await runSeeds({
    ...{ first, count },
    uncaught: () => uncaught.splice(0),
    onSeed: (done, failed, steps) => progress(`${done} of ${count} seeds, ${steps} steps, ${failed} failed`),
  })
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
  for (const result of run.failed.slice(0, FAILURES_SHRUNK_MAX)) await tellFailure(result)
  say(reportText(run))
  if (json) say(JSON.stringify(run.totals))
  return run.failed.length === 0 && run.missing.length === 0
}

async function tellFailure(result: SeedResult): Promise<void> {
  say(failureText(result))
  const [breach] = result.breaches
  if (!breach) return
  say(`  as small as it gets: ${writeScenario(await shrunk({ options: result.options, breach }, SHRINK_MS_MAX))}\n`)
}

async function play(path: string): Promise<boolean> {
  const result = await runSeed(readScenario(path).options)
  const breaches = [...result.breaches, ...uncaught]
  say(
    breaches.length > 0
      ? failureText({ ...result, breaches })
      : `It holds: ${result.steps} steps, trace ${result.trace}`,
  )
  return breaches.length === 0
}

/** Two at a time: a bug is caught in the first seeds, and the next thread is being loaded meanwhile. */
const THREADS = 2

async function plantBugs({ first, seeds, only, json }: Asked): Promise<boolean> {
  const bugs = only.length === 0 ? BUGS : BUGS.filter(({ name }) => only.includes(name))
  const onCaught = (caught: Caught) => progress(`${caught.name}: seed ${caught.seed ?? 'none'}`)
  const all = await plantAll(bugs, { first, seeds, threads: THREADS, onCaught })
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
  const missed = all.filter((caught) => !isCaught(caught)).length
  say(plantedText(bugs, all))
  say(`${bugs.length} bugs planted, ${missed} not caught within ${seeds} seeds`)
  if (json) say(JSON.stringify({ planted: bugs.length, missed, caught: all.map(plantedRow) }))
  return missed === 0
}

function asked(): Asked | undefined {
  try {
    return askedBy(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}\n`)
    return undefined
  }
}

function run(wanted: Asked): Promise<boolean> {
  if (wanted.planted) return plantBugs(wanted)
  return wanted.scenario === undefined ? simulate(wanted) : play(wanted.scenario)
}

const wanted = asked()
process.exitCode = wanted ? ((await run(wanted)) ? 0 : 1) : 2
