/** `npm run chaos` as it is run by hand, for as long as a test may take: every process and server is disturbed, and nothing breaks. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Summary } from '../chaos/summary.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MINUTES = 0.7
/** It deals twelve kinds in that time, late appends and the end of an orchestrator among them. */
const SEED = 12
/** What it would be given on a machine that has much else to do; it ends by itself well before. */
const ENDED_MS_MAX = 900_000
const [UNDERSTOOD_NOT, CANNOT_RUN] = [2, 3]

interface Ended {
  readonly code: number | null
  readonly out: string
}

function chaos(...args: readonly string[]): Promise<Ended> {
  const command = ['--disable-warning=TimeoutNegativeWarning', 'test/chaos/main.ts', ...args]
  const child = spawn(process.execPath, command, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (out += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, out }))
  })
}

test('processes, brokers, Postgres and the network between them are disturbed under load, and nothing is lost', {
  timeout: ENDED_MS_MAX,
}, async (context) => {
  const { code, out } = await chaos('--minutes', String(MINUTES), '--seed', String(SEED), '--json')
  if (code === CANNOT_RUN && process.env.KASAGA_REQUIRE_REAL !== '1') {
    process.stderr.write(`not run: chaos: ${out}\n`)
    context.skip(out)
  }
  expect(code, out).toBe(0)
  const summary = JSON.parse(out.trim().split('\n').at(-1) ?? '') as Summary
  expect(summary).toMatchObject({ seed: SEED, minutes: MINUTES, violations: [], belowFloor: [] })
  expect(summary.sagas.completed + summary.sagas.compensated).toBe(summary.sagas.acknowledged)
  expect(summary.takeOvers.all).toBeGreaterThan(0)
  console.info(out)
})

test.each(['--minutes=0'])('%s is not understood', async (argument) => {
  const { code, out } = await chaos(argument)
  expect(code).toBe(UNDERSTOOD_NOT)
  expect(out).toContain('npm run chaos')
})
