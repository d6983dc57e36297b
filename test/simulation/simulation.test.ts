/** The command itself, as it is run by hand: a thousand seeds in which every situation comes, and nothing breaks. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runSeed } from './run-seed.ts'
import { SITUATIONS_SEEDS_MIN, type Totals } from './run-seeds.ts'
import { readScenarios } from './scenario.ts'
import { optionsOf } from './world/options.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const SEEDS = Number(process.env.KASAGA_SIMULATE_SEEDS ?? SITUATIONS_SEEDS_MIN)

interface Ended {
  readonly code: number | null
  readonly out: string
}

function simulate(...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (out += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, out }))
  })
}

test(`${SEEDS} seeds of any fault, any definition and any act: nothing breaks, and every situation comes`, async () => {
  const { code, out } = await simulate('--seeds', String(SEEDS), '--json')
  expect(code, out).toBe(0)
  const totals = JSON.parse(out.trim().split('\n').at(-1) ?? '') as Totals
  expect(totals).toMatchObject({ seeds: SEEDS, violations: 0 })
  expect(totals.steps).toBeGreaterThan(SEEDS * 100)
  console.info(out)
})

test('the same seed takes the same way, step by step', async () => {
  const traces = async () => {
    const all: string[] = []
    for (const seed of [3, 4, 5, 6, 7]) all.push((await runSeed(optionsOf(seed))).trace)
    return all
  }
  const first = await traces()
  expect(await traces()).toEqual(first)
  expect(new Set(first).size).toBe(first.length)
})

test.each(['--seeds=0', '--seed=x', '--nothing', 'seeds'])('%s is not understood', async (argument) => {
  const { code, out } = await simulate(argument)
  expect(code).toBe(2)
  expect(out).toContain('npm run simulate')
})

test('what was found once holds', { timeout: 120_000 }, async () => {
  for (const { name, scenario } of readScenarios()) {
    const { breaches } = await runSeed(scenario.options)
    expect({ name, breaches }).toEqual({ name, breaches: [] })
  }
})
