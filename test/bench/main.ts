/**
 * `npm run bench -- --scenario NAME [--seconds N] [--inflight N] [--repetitions N] [--rate N]... [--peers] [--json]`: what sagas cost.
 * Every run is checked by exact counts and by the auditor; one that is wrong prints no figures.
 */
import { parseArgs } from 'node:util'
import { messageOf } from '../../shared/message/errors.ts'
import type { Wanted } from './measure/measure-installation.ts'
import { linesOf } from './measure/table.ts'
import { SCENARIOS } from './scenarios/all.ts'

const [NO_FIGURES, BAD_ARGUMENTS] = [1, 2]

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    seconds: { type: 'string', default: '10' },
    inflight: { type: 'string' },
    repetitions: { type: 'string', default: '5' },
    rate: { type: 'string', multiple: true, default: [] },
    peers: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})

function positive(name: string, text: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  process.stderr.write(`--${name} is a number above 0, not ${text}\n`)
  process.exit(BAD_ARGUMENTS)
}

const scenario = SCENARIOS[values.scenario ?? '']
if (!scenario) {
  const names = Object.entries(SCENARIOS).map(([name, { what }]) => `  ${name.padEnd(16)} ${what}\n`)
  process.stderr.write(`name a --scenario:\n${names.join('')}`)
  process.exit(BAD_ARGUMENTS)
}

const wanted: Wanted = {
  inFlight: positive('inflight', values.inflight ?? String(scenario.inFlight)),
  seconds: positive('seconds', values.seconds),
  repetitions: positive('repetitions', values.repetitions),
  rates: values.rate.map((rate) => positive('rate', rate)),
  say: (line) => void process.stderr.write(`${line}\n`),
}
const run = values.peers ? scenario.runBesidePeers : scenario.run
if (!run) {
  process.stderr.write(`${values.scenario} is compared with no other engine: leave out --peers\n`)
  process.exit(BAD_ARGUMENTS)
}
const figures = await run(wanted).catch((error: unknown) => {
  process.stderr.write(`there are no figures: ${messageOf(error)}\n`)
  process.exit(NO_FIGURES)
})
const rounded = JSON.stringify({ scenario: values.scenario, ...figures }, (_, value: unknown) =>
  typeof value === 'number' ? Number(value.toPrecision(4)) : value,
)
const told = values.json ? rounded : linesOf(JSON.parse(rounded) as object).join('\n')
process.stdout.write(`${told}\n`)
process.exit(0)
