/**
 * `npm run bench -- --scenario NAME [--seconds N] [--inflight N] [--repetitions N] [--rate N]... [--size NAME=N]... [--peers]
 * [--json]`: what sagas cost. Every run is checked by exact counts and by the auditor; one that is wrong prints no figures.
 */
import { messageOf } from '../../shared/message/errors.ts'
import { asked, flag, number, numbers, refuse, text, whole, wholeByName } from './arguments.ts'
import type { Wanted } from './measure/measure-installation.ts'
import { linesOf } from './measure/table.ts'
import { SCENARIOS, type Scenario } from './scenarios/all.ts'

const NO_FIGURES = 1

const options = asked({
  scenario: text,
  seconds: number(10),
  inflight: whole(),
  repetitions: whole(5),
  rate: numbers,
  size: wholeByName,
  peers: flag,
  json: flag,
})

function scenarioOf(name = ''): Scenario {
  const scenario = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined
  if (scenario) return scenario
  const names = Object.entries(SCENARIOS).map(([one, { what }]) => `\n  ${one.padEnd(16)} ${what}`)
  return refuse(`name a --scenario:${names.join('')}`)
}

function sizesOf({ sizes = {} }: Scenario): Readonly<Record<string, number>> {
  const unknown = Object.keys(options.size).find((name) => !Object.hasOwn(sizes, name))
  if (unknown === undefined) return { ...sizes, ...options.size }
  const known = Object.keys(sizes)
  return refuse(
    `${options.scenario} has no size ${unknown}${known.length > 0 ? `: there are ${known.join(', ')}` : ''}`,
  )
}

const scenario = scenarioOf(options.scenario)
const wanted: Wanted = {
  inFlight: options.inflight ?? scenario.inFlight ?? 1,
  seconds: options.seconds,
  repetitions: options.repetitions,
  rates: options.rate,
  sizes: sizesOf(scenario),
  say: (line) => void process.stderr.write(`${line}\n`),
}
const run =
  (options.peers ? scenario.runBesidePeers : scenario.run) ??
  refuse(`${options.scenario} is compared with no other engine: leave out --peers`)
const figures = await run(wanted).catch((error: unknown) => {
  process.stderr.write(`there are no figures: ${messageOf(error)}\n`)
  process.exit(NO_FIGURES)
})
const rounded = JSON.stringify({ scenario: options.scenario, ...figures }, (_, value: unknown) =>
  typeof value === 'number' ? Number(value.toPrecision(4)) : value,
)
const told = options.json ? rounded : linesOf(JSON.parse(rounded) as object).join('\n')
process.stdout.write(`${told}\n`)
process.exit(0)
