/** What the command is asked for. */
import { parseArgs } from 'node:util'

export interface Asked {
  readonly minutes: number
  readonly seed: number
  /** Orders a second. */
  readonly rate: number
  readonly json: boolean
  /** What the processes logged is kept, also when all held. */
  readonly keepLogs: boolean
}

export const USAGE = `npm run chaos -- [options]

  --minutes M       how long faults come, from 0.5 (3); starting and coming to rest take a minute or two more
  --seed S          what is done when, and to whom, follows from it (1)
  --rate N          orders a second (20)
  --json            the last line of the output is the result as JSON
  --keep-logs       leaves what the processes logged, also when all held`

const MINUTES_MIN = 0.5
const MINUTES_MAX = 24 * 60
const RATE_MAX = 500
const SEED_MAX = 1_000_000_000

/** @throws TypeError when it is not understood. */
export function askedBy(args: readonly string[]): Asked {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string' },
      seed: { type: 'string' },
      rate: { type: 'string' },
      json: { type: 'boolean' },
      'keep-logs': { type: 'boolean' },
    },
  })
  return {
    minutes: minutesOf(values.minutes ?? '3'),
    seed: countOf('--seed', values.seed ?? '1', SEED_MAX),
    rate: countOf('--rate', values.rate ?? '20', RATE_MAX),
    json: values.json ?? false,
    keepLogs: values['keep-logs'] ?? false,
  }
}

function minutesOf(text: string): number {
  const minutes = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && minutes >= MINUTES_MIN && minutes <= MINUTES_MAX) return minutes
  throw new TypeError(`--minutes is a number from ${MINUTES_MIN} to ${MINUTES_MAX}, not ${text}`)
}

function countOf(name: string, text: string, max: number): number {
  const count = Number(text)
  if (/^[1-9]\d*$/.test(text) && count <= max) return count
  throw new TypeError(`${name} is a whole number from 1 to ${max}, not ${text}`)
}
