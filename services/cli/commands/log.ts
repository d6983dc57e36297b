/** `kasaga log export`: the log as a file, to be kept, sent or audited elsewhere. */
import type { CliCommand } from '../surroundings.ts'
import { type HomeOptions, withHomeOptions } from './run-options.ts'

export interface LogExportOptions extends HomeOptions {
  readonly file: string
  readonly commands: boolean
  readonly json: boolean
}

export interface LogExportResult {
  readonly records: number
  readonly bytes: number
}

const HELP = `
One JSON object a line, as docs/verify.md tells; with a name that ends in .gz it is compressed. A file that is there is not
written over. Payloads of sagas are in it: treat it as you treat them. A data folder is exported while nothing runs in it;
Kafka also while everything runs.

Examples:
  kasaga log export incident.ndjson.gz --kafka 127.0.0.1:9092 --database-url postgres://localhost/kasaga
  kasaga verify --log incident.ndjson.gz`

export function logCommand(run: (options: LogExportOptions) => Promise<LogExportResult>): CliCommand {
  return (program, { stdout }) => {
    const log = program.command('log').description('Look after the log.')
    withHomeOptions(log.command('export <file>'))
      .description('Write the log, the dead letters and the participants’ commands to a file.')
      .option('--no-commands', 'leave the participants’ commands out')
      .option('--json', 'print what was written as one line of JSON', false)
      .addHelpText('after', HELP)
      .action(async (file: string, options: Omit<LogExportOptions, 'file'>) => {
        const { records, bytes } = await run({ ...options, file })
        stdout.write(
          options.json
            ? `${JSON.stringify({ file, records, bytes })}\n`
            : `${records} records, ${bytes} bytes: ${file}\n`,
        )
      })
  }
}
