/** `kasaga verify`: the auditor, on a data folder or on real servers. */
import { CliFailure } from '../failure.ts'
import type { CliCommand } from '../surroundings.ts'
import { type HomeOptions, withHomeOptions } from './run-options.ts'

export interface VerifyCommandOptions extends HomeOptions {
  /** File of an exported log, instead of a home. */
  readonly log?: string
  readonly commands: boolean
  /** Whether their tables are audited. */
  readonly participants: boolean
  readonly atRest: boolean
  readonly json: boolean
}

const HELP = `
A data folder is audited while nothing runs in it; Kafka and Postgres also while everything runs; an exported log anywhere, by
itself: views and tables are not in it. Exit 2: it could not run, as when a file is not whole.

Examples:
  kasaga verify --data-dir .data
  kasaga verify --log incident.ndjson.gz
  kasaga verify --kafka 127.0.0.1:9092 --database-url postgres://localhost/kasaga --at-rest --json`

export function verifyCommand(run: (options: VerifyCommandOptions) => Promise<'clean' | 'violations'>): CliCommand {
  return (program) => {
    const command = program
      .command('verify')
      .description('Check the log, the views and the participants’ tables. Exit 1: there are violations.')
    withHomeOptions(command)
      .option('--log <file>', 'a log that `kasaga log export` has written')
      .option('--no-commands', 'do not read the participants’ commands: less time and memory')
      .option('--no-participants', 'leave the participants’ tables out: they are not of this log')
      .option('--at-rest', 'nothing is under way: what was left half-way is a violation', false)
      .option('--json', 'print the report as one line of JSON', false)
      .addHelpText('after', HELP)
      .action(async (options: VerifyCommandOptions) => {
        const end = await run(options)
        if (end === 'violations') throw new CliFailure(1, 'violations', { message: 'there are violations' })
      })
  }
}
