/** `kasaga dev`: every service in one process, until Ctrl-C. */
import { whole } from '../options.ts'
import type { CliCommand } from '../surroundings.ts'
import { type HomeOptions, withHomeOptions } from './run-options.ts'

export interface DevCommandOptions extends HomeOptions {
  readonly port: number
}

const HELP = `
Example:
  kasaga dev --data-dir .data --port 7070`

export function devCommand(run: (options: DevCommandOptions) => Promise<void>): CliCommand {
  return (program) => {
    const command = program.command('dev').description('Run every service and the API in one process, until Ctrl-C.')
    withHomeOptions(command)
      .option('--port <n>', 'port of the API; 0 takes a free one', whole(0, 65_535), 7070)
      .addHelpText('after', HELP)
      .action(async (options: DevCommandOptions) => run(options))
  }
}
