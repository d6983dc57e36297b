/** `npm run check`: types, lint and format, the repository's rules and the unit tests, at once; says what failed. */
import { spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { styleText } from 'node:util'

interface Check {
  readonly name: string
  readonly words: readonly [string, ...string[]]
}

interface Outcome {
  readonly check: Check
  readonly passed: boolean
  readonly output: string
  readonly tookMs: number
}

const root = fileURLToPath(new URL('..', import.meta.url))

const colors = process.stdout.isTTY === true

const checks: readonly Check[] = [
  { name: 'types', words: ['tsc', '--project', '.', '--pretty', String(colors)] },
  {
    name: 'lint and format',
    words: ['biome', 'check', '--error-on-warnings', colors ? '--colors=force' : '--colors=off'],
  },
  { name: 'tidy and unit tests', words: ['vitest', 'run', '--project', 'unit', '--reporter', 'dot'] },
]

/** Runs the command of an installed package to its end. */
function run(check: Check): Promise<Outcome> {
  const started = performance.now()
  const [bin, ...args] = check.words
  const program = realpathSync(join(root, 'node_modules/.bin', bin))
  const env = { ...process.env, ...(colors ? { FORCE_COLOR: '1' } : { NO_COLOR: '1', FORCE_COLOR: undefined }) }
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const end = (passed: boolean) => resolve({ check, passed, output, tookMs: performance.now() - started })
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    child.once('error', (error) => {
      output += error.message
      end(false)
    })
    child.once('close', (code) => end(code === 0))
  })
}

function report({ check, passed, output, tookMs }: Outcome): void {
  const mark = passed ? styleText('green', 'passed') : styleText('red', 'FAILED')
  process.stdout.write(`${mark} ${check.name} (${(tookMs / 1000).toFixed(1)} s)\n`)
  if (!passed) process.stdout.write(`${output.trim()}\n\n`)
}

const outcomes = await Promise.all(
  checks.map(async (check) => {
    const outcome = await run(check)
    report(outcome)
    return outcome
  }),
)
const failed = outcomes.filter(({ passed }) => !passed).map(({ check }) => check.name)
process.stdout.write(failed.length === 0 ? 'All checks passed.\n' : `Failed: ${failed.join(', ')}.\n`)
process.exitCode = failed.length === 0 ? 0 : 1
