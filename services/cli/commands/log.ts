/** `kasaga log`: the log as a file, to be kept, sent or audited elsewhere, and a data folder made of such a file. */
import type { Command } from 'commander'
import type { SagaId } from '../../../shared/message/ids.ts'
import { sagaIdArgument } from '../options.ts'
import type { CliCommand, Stream } from '../surroundings.ts'
import { type HomeOptions, withHomeOptions } from './run-options.ts'

export interface LogExportOptions extends HomeOptions {
  readonly file: string
  readonly saga?: SagaId
  readonly commands: boolean
  readonly json: boolean
}

export interface LogExportResult {
  readonly records: number
  readonly bytes: number
}

export interface LogImportOptions {
  readonly file: string
  readonly dataDir: string
  readonly json: boolean
}

export interface LogImportResult {
  /** Of the topics, as the file says it. */
  readonly prefix: string
  readonly records: number
  readonly undecided: number
}

export interface LogRun {
  readonly export: (options: LogExportOptions) => Promise<LogExportResult>
  readonly import: (options: LogImportOptions) => Promise<LogImportResult>
}

export function logCommand(run: LogRun): CliCommand {
  return (program, { stdout }) => {
    const log = program.command('log').description('Look after the log.')
    addExport(log, run, stdout)
    addImport(log, run, stdout)
  }
}

const EXPORT_HELP = `
One JSON object a line, as docs/verify.md tells; with a name that ends in .gz it is compressed. A file that is there is not
written over. Payloads of sagas are in it: treat it as you treat them. A data folder is exported while nothing runs in it;
Kafka also while everything runs. With --saga it is that saga's log alone, to be replayed, audited and imported like any other.

Examples:
  kasaga log export incident.ndjson.gz --kafka 127.0.0.1:9092 --database-url postgres://localhost/kasaga
  kasaga log export order-1.ndjson --saga order-1 --data-dir .data
  kasaga verify --log incident.ndjson.gz`

function addExport(log: Command, run: LogRun, stdout: Stream): void {
  withHomeOptions(log.command('export <file>'))
    .description('Write the log, the dead letters and the participants’ commands to a file.')
    .option('--saga <id>', 'only what is of this saga', sagaIdArgument)
    .option('--no-commands', 'leave the participants’ commands out')
    .option('--json', 'print what was written as one line of JSON', false)
    .addHelpText('after', EXPORT_HELP)
    .action(async (file: string, options: Omit<LogExportOptions, 'file'>) => {
      const { records, bytes } = await run.export({ ...options, file })
      stdout.write(
        options.json
          ? `${JSON.stringify({ file, records, bytes })}\n`
          : `${records} records, ${bytes} bytes: ${file}\n`,
      )
    })
}

const IMPORT_HELP = `
The folder must be empty, or not be there; it is made whole or not at all. An engine that is started in it goes on with the sagas:
timers that are over fire at once, and participants, which have done nothing in this folder yet, are given the commands in the file.
Never let it talk to participants of the installation that the log is of.

Examples:
  kasaga log import incident.ndjson.gz --data-dir restored
  kasaga verify --data-dir restored --no-participants
  kasaga dev --data-dir restored`

function addImport(log: Command, run: LogRun, stdout: Stream): void {
  log
    .command('import <file>')
    .description('Make a data folder of a log that `kasaga log export` has written.')
    .requiredOption('--data-dir <folder>', 'the folder to be made')
    .option('--json', 'print what was read as one line of JSON', false)
    .addHelpText('after', IMPORT_HELP)
    .action(async (file: string, options: Omit<LogImportOptions, 'file'>) => {
      const result = await run.import({ ...options, file })
      const { dataDir } = options
      stdout.write(options.json ? `${JSON.stringify({ dataDir, ...result })}\n` : `${textOf(dataDir, result)}\n`)
    })
}

function textOf(dataDir: string, { prefix, records, undecided }: LogImportResult): string {
  const topics = prefix === 'kasaga' ? '' : `; start it with --prefix ${prefix}`
  const gone = undecided === 0 ? '' : `; ${undecided} inputs that nobody had decided are not in the file`
  return `${records} records: ${dataDir}${topics}${gone}`
}
