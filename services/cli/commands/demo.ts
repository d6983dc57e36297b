/** `kasaga demo`: every service in one process, orders through it, and what the auditor says at the end. */
import { Option } from 'commander'
import { CliFailure } from '../failure.ts'
import { whole } from '../options.ts'
import type { CliCommand } from '../surroundings.ts'
import { type HomeOptions, withHomeOptions } from './run-options.ts'

export interface DemoCommandOptions extends HomeOptions {
  readonly orders?: number
  readonly seed: number
  readonly ordersFile?: string
  readonly port: number
  readonly inFlight: number
  readonly keepRunning: boolean
  readonly json: boolean
}

export type DemoEnd = 'clean' | 'violations' | 'stopped'

const HELP = `
Without --data-dir everything is removed at the end. The same orders in the same folder are the same sagas: a second
run adds none, and finishes what was unfinished.

Examples:
  kasaga demo
  kasaga demo --orders 2000 --seed 7 --data-dir .data --json
  kasaga demo --kafka 127.0.0.1:9092 --database-url postgres://localhost/kasaga --keep-running`

export function demoCommand(run: (options: DemoCommandOptions) => Promise<DemoEnd>): CliCommand {
  return (program) => {
    const command = program
      .command('demo')
      .description('Run orders through every service in one process, and audit what came of them.')
    withHomeOptions(command)
      .option('--orders <n>', 'make that many orders, instead of the sample file', whole(1))
      .option('--seed <n>', 'what the orders are made from', whole(0), 1)
      .addOption(
        new Option('--orders-file <path>', 'read the orders from a file, one JSON object a line').conflicts('orders'),
      )
      .option('--port <n>', 'port of the API; 0 takes a free one', whole(0, 65_535), 0)
      .option('--in-flight <n>', 'sagas that are under way at a time', whole(1, 100_000), 500)
      .option('--keep-running', 'leave the API up until Ctrl-C', false)
      .option('--json', 'print one line of JSON', false)
      .addHelpText('after', HELP)
      .action(async (options: DemoCommandOptions) => {
        const end = await run(options)
        if (end === 'violations') throw new CliFailure(1, 'violations', { message: 'the auditor found violations' })
        if (end === 'stopped') throw new CliFailure(1, 'stopped', { message: 'stopped before its end' })
      })
  }
}
