/** `kasaga payloads check`: the payload store against the log. */
import { InvalidArgumentError, Option } from 'commander'
import { CliFailure } from '../failure.ts'
import { duration } from '../options.ts'
import type { CliCommand } from '../surroundings.ts'
import { type HomeOptions, withHomeOptions } from './run-options.ts'

export interface PayloadsCommandOptions extends HomeOptions {
  readonly read: boolean
  /** Milliseconds. */
  readonly removeOrphans?: number
  readonly json: boolean
}

export interface PayloadsResult {
  readonly claims: number
  readonly stored: number
  readonly storedBytes: number
  readonly lost: readonly { readonly id: string; readonly why: string; readonly place: string }[]
  readonly orphans: number
  readonly orphanBytes: number
  readonly removed: number
}

const DAY_MS = 86_400_000
/** Longer than topics of commands and replies keep what may claim a payload. */
const ORPHAN_AGE_MIN_MS = 8 * DAY_MS
const LOST_SHOWN_MAX = 20

const HELP = `
A payload that no record claims is an orphan. The topics of this prefix, and of the participants that are known here, are
read whole. A data folder is checked while nothing runs in it.

Examples:
  kasaga payloads check --data-dir .data --read
  kasaga payloads check --kafka 127.0.0.1:9092 --database-url postgres://localhost/kasaga --remove-orphans '30 days'`

function orphanAge(text: string): number {
  const ms = duration(text)
  if (ms >= ORPHAN_AGE_MIN_MS) return ms
  throw new InvalidArgumentError("at least '8 days': what is younger may still be claimed")
}

export function payloadsCommand(run: (options: PayloadsCommandOptions) => Promise<PayloadsResult>): CliCommand {
  return (program, { stdout }) => {
    const payloads = program.command('payloads').description('Look after large values that are kept beside the log.')
    withHomeOptions(payloads.command('check'))
      .description('Count payloads, and find those that are missing or claimed by nothing. Exit 1: some are missing.')
      .option('--read', 'read every payload, and hold it against its hash', false)
      .addOption(
        new Option('--remove-orphans <age>', "remove orphans that are older, as '30 days'").argParser(orphanAge),
      )
      .option('--json', 'print the report as one line of JSON', false)
      .addHelpText('after', HELP)
      .action(async (options: PayloadsCommandOptions) => {
        const result = await run(options)
        stdout.write(options.json ? `${JSON.stringify(result)}\n` : textOf(result))
        if (result.lost.length > 0)
          throw new CliFailure(1, 'payloads-lost', { message: 'there are claims whose payload cannot be read' })
      })
  }
}

function textOf({ claims, stored, storedBytes, lost, orphans, orphanBytes, removed }: PayloadsResult): string {
  const lines = [
    `claims    ${claims}`,
    `payloads  ${stored}, ${storedBytes} bytes`,
    `orphans   ${orphans}, ${orphanBytes} bytes${removed > 0 ? `; ${removed} removed` : ''}`,
    `lost      ${lost.length}`,
    ...lost.slice(0, LOST_SHOWN_MAX).map(({ id, why, place }) => `  ${id}  ${why}  ${place}`),
  ]
  return `${lines.join('\n')}\n`
}
