/** `kasaga doctor`: what is wrong with an installation, and what to do. */
import { CliFailure } from '../failure.ts'
import type { CliCommand, Surroundings } from '../surroundings.ts'
import { plain } from '../text/plain.ts'
import { styled } from '../text/status-text.ts'
import { tableText } from '../text/tables.ts'
import { type HomeOptions, withHomeOptions } from './run-options.ts'

export interface DoctorCommandOptions extends HomeOptions {
  readonly url: string
  readonly json: boolean
}

export interface DoctorFinding {
  readonly check: string
  readonly status: 'ok' | 'degraded' | 'down'
  readonly says: string
  readonly next?: string
}

export type DoctorRun = (options: DoctorCommandOptions) => Promise<readonly DoctorFinding[]>

const HELP = `
Without a home it asks the gateway. With one it looks at the parts themselves: brokers or the folder, topics, database, views,
and what waits in them. It changes nothing.
Exit codes here: 0 all is well, 1 something is degraded: somebody should look, 2 something is down, or nothing could be asked.

Examples:
  kasaga doctor
  kasaga doctor --kafka 127.0.0.1:9092 --database-url postgres://localhost/kasaga
  kasaga doctor --data-dir .data --json`

const CODES = { ok: 0, degraded: 1, down: 2 } as const
const STYLES = { ok: 'green', degraded: 'yellow', down: 'red' } as const

export function doctorCommand(run: DoctorRun): CliCommand {
  return (program, around) => {
    const command = program.command('doctor').description('Say of each part whether it is well, and what to do.')
    withHomeOptions(command)
      .option('--url <url>', 'where the gateway is (or KASAGA_URL)', around.url)
      .option('--json', 'print what was found as one line of JSON', false)
      .addHelpText('after', HELP)
      .action(async (options: DoctorCommandOptions) => {
        const findings = await run(options)
        const worst = Math.max(...findings.map(({ status }) => CODES[status]))
        const status = (['ok', 'degraded', 'down'] as const)[worst] ?? 'down'
        around.stdout.write(`${options.json ? JSON.stringify({ status, findings }) : textOf(findings, around)}\n`)
        const wrong = findings.filter((one) => one.status !== 'ok').map(({ check }) => check)
        if (status !== 'ok')
          throw new CliFailure(status === 'down' ? 2 : 1, status, { message: `${status}: ${wrong.join(', ')}` })
      })
  }
}

function textOf(findings: readonly DoctorFinding[], { color }: Surroundings): string {
  const rows = findings.map(({ check, status, says, next }) => [
    styled(STYLES[status], status, color),
    check,
    plain(says, 300),
    plain(next ?? ''),
  ])
  return tableText(['', 'WHAT', 'IS', 'DO'], rows, color)
}
