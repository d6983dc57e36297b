/** What a run came to, in words. */

import type { SeedResult } from './run-seed.ts'
import type { SeedsRun } from './run-seeds.ts'
import { ALL_SITUATIONS, SITUATIONS } from './situations/names.ts'

const number = new Intl.NumberFormat('en')

export function reportText({ totals, failed, missing }: SeedsRun): string {
  const { seeds, steps, stepsPerSecond, faults, situations, sagas } = totals
  const many = (count: number, what: string) => `${number.format(count)} ${what}${count === 1 ? '' : 's'}`
  return [
    'Situations',
    ...ALL_SITUATIONS.map((name) => row(SITUATIONS[name], situations[name])),
    '',
    'Faults',
    ...sorted(faults).map(([name, count]) => row(name, count)),
    '',
    'Sagas that ended',
    ...sorted(sagas).map(([name, count]) => row(name, count)),
    '',
    `${many(seeds, 'seed')}, ${many(steps, 'step')} (${number.format(stepsPerSecond)} a second), ${many(failed.length, 'seed')} failed`,
    ...missing.map((name) => `never came: ${SITUATIONS[name]}`),
  ].join('\n')
}

function row(name: string, count: number): string {
  return `  ${name.padEnd(72)}${number.format(count).padStart(12)}`
}

function sorted(counts: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1))
}

/** What broke, with what, and how it is seen again. */
export function failureText({ options, breaches, trace }: SeedResult): string {
  const lines = breaches.map(({ invariant, message }) => `  ${invariant}: ${message}`)
  return [
    `Seed ${options.seed} failed (trace ${trace}):`,
    ...lines,
    `  with ${JSON.stringify(options)}`,
    `  again: npm run simulate -- --seed ${options.seed} --seeds 1`,
  ].join('\n')
}
