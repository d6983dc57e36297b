/** Options of the commands that run things themselves. */
import type { Command } from 'commander'

/** Where things run: a data folder, or Kafka and Postgres. */
export interface HomeOptions {
  readonly dataDir?: string
  readonly kafka?: string
  readonly databaseUrl?: string
  readonly prefix: string
}

export function withHomeOptions(command: Command): Command {
  return command
    .option('--data-dir <folder>', 'keep everything in this folder (SQLite and PGlite)')
    .option('--kafka <host:port>', 'run on these brokers, several separated by commas')
    .option('--database-url <url>', 'the Postgres that goes with --kafka')
    .option('--prefix <name>', 'prefix of the topics', 'kasaga')
}

/** Where a log is read: in a home, without anything else of it, or in a file. */
export interface LogOptions extends HomeOptions {
  /** File of an exported log, instead of a home. */
  readonly log?: string
}

export function withLogOptions(command: Command): Command {
  return withHomeOptions(command).option('--log <file>', 'a log that `kasaga log export` has written, instead')
}
