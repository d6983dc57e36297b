/** What the command is asked for. */
import { parseArgs } from 'node:util'
import { BUGS } from './planted/bugs.ts'

export interface Asked {
  readonly seeds: number
  readonly first: number
  readonly json: boolean
  readonly planted: boolean
  /** Planted bugs, by name; empty: all. */
  readonly only: readonly string[]
  /** A scenario's file: played, and nothing else. */
  readonly scenario: string | undefined
}

export const USAGE = `npm run simulate -- [options]

  --seeds N         how many seeds are run (100; planted: at most so many for each bug, 500)
  --seed S          the first of them (1)
  --scenario FILE   plays a scenario, and nothing else
  --planted         plants known bugs, one at a time: each must be caught
  --only NAME       of these bugs only this one; may be repeated
  --json            the last line of the output is the result as JSON`

const SEEDS_MAX = 1_000_000_000

/** @throws TypeError when it is not understood. */
export function askedBy(args: readonly string[]): Asked {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      scenario: { type: 'string' },
      planted: { type: 'boolean' },
      only: { type: 'string', multiple: true },
      json: { type: 'boolean' },
    },
  })
  const planted = values.planted ?? false
  const only = values.only ?? []
  const unknown = only.find((name) => !BUGS.some((bug) => bug.name === name))
  if (unknown !== undefined)
    throw new TypeError(`no bug is called ${unknown}: ${BUGS.map(({ name }) => name).join(', ')}`)
  return {
    seeds: countOf('--seeds', values.seeds, planted ? 500 : 100),
    first: countOf('--seed', values.seed, 1),
    json: values.json ?? false,
    planted,
    only,
    scenario: values.scenario,
  }
}

function countOf(name: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual
  const count = Number(text)
  if (/^[1-9]\d*$/.test(text) && count <= SEEDS_MAX) return count
  throw new TypeError(`${name} is a whole number from 1 to ${SEEDS_MAX}, not ${text}`)
}
