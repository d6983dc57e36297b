/** `kasaga migrate`: reads the log, says of each live saga of a version whether it could be moved, and asks for it. */
import type { MigrationPreview, PreviewedSaga } from '../../../shared/runtime/migration-preview.ts'
import type { MigrationOutcome } from '../../../shared/runtime/migration-run.ts'
import { CliFailure } from '../failure.ts'
import { duration, whole } from '../options.ts'
import type { CliCommand, Surroundings } from '../surroundings.ts'
import { plain } from '../text/plain.ts'
import { tableText } from '../text/tables.ts'
import { type HomeOptions, withHomeOptions } from './run-options.ts'

export interface MigrateOptions extends HomeOptions {
  readonly from: number
  readonly to: number
  readonly definitions?: string
  readonly saga?: string
  readonly reason?: string
  readonly actor: string
  readonly dryRun: boolean
  /** Acts a second. */
  readonly rate: number
  readonly timeout: number
  readonly json: boolean
}

/** What the command runs on: given the sagas that could be moved, `ask` has them moved. */
export interface MigrateRun {
  readonly preview: MigrationPreview
  readonly ask: (sagas: readonly PreviewedSaga[]) => Promise<readonly MigrationOutcome[]>
}

export type WithMigration = <T>(
  asked: { readonly definition: string; readonly options: MigrateOptions },
  work: (run: MigrateRun) => Promise<T>,
) => Promise<T>

const HELP = `
A data folder is read while nothing runs in it, and the acts wait there for its next start; Kafka also while everything runs.
The module exports definitions, as \`definitions\` or one by one: both versions, or the new one alone.
Exit 1: some could not be moved, or said nothing in time.

Examples:
  kasaga migrate fulfil-order --from 1 --to 2 --definitions ./definitions.ts --data-dir .data --dry-run
  kasaga migrate fulfil-order --from 1 --to 2 --definitions ./definitions.ts --kafka 127.0.0.1:9092 --reason 'v1 is withdrawn'`

export function migrateCommand(within: WithMigration): CliCommand {
  return (program, around) => {
    const command = program
      .command('migrate')
      .description('Move the live sagas of a definition to another version of it.')
      .argument('<definition>', 'name of the definition')
      .requiredOption('--from <version>', 'version that they run on', whole(1))
      .requiredOption('--to <version>', 'version that they are to run on', whole(1))
      .option('--definitions <module>', 'file with the definitions; absent: those of this program')
      .option('--saga <id>', 'only this one')
      .option('--dry-run', 'say what would become of them, and ask nothing', false)
      .option('--reason <text>', 'why; kept in the history')
      .option('--actor <name>', 'who asks; kept in the history', around.actor)
      .option('--rate <count>', 'how many are asked a second', whole(1), 20)
      .option('--timeout <duration>', "how long to wait for the last of them, as '30 s'", duration, 30_000)
      .option('--json', 'print the result as one line of JSON', false)
    withHomeOptions(command)
      .addHelpText('after', HELP)
      .action(async (definition: string, options: MigrateOptions) => {
        if (!options.dryRun && (options.reason ?? '').trim() === '')
          throw new CliFailure(2, 'no-reason', { message: 'say why: --reason, or look first with --dry-run' })
        await within({ definition, options }, (run) => migrate(run, options, around))
      })
  }
}

async function migrate({ preview, ask }: MigrateRun, options: MigrateOptions, around: Surroundings): Promise<void> {
  const { sagas, unreadable } = preview
  const ready = sagas.filter(({ refused }) => !refused)
  const outcomes = options.dryRun ? [] : await ask(ready)
  const moved = outcomes.filter(({ became }) => became === 'moved').length
  const counts = { live: sagas.length, ready: ready.length, refused: sagas.length - ready.length, moved }
  const json = { ...counts, unreadable, sagas, ...(options.dryRun ? {} : { outcomes }) }
  around.stdout.write(`${options.json ? JSON.stringify(json) : textOf(preview, { options, outcomes }, around)}\n`)
  const wanted = options.dryRun ? ready.length : moved
  if (wanted === sagas.length && unreadable.length === 0) return
  throw new CliFailure(1, 'not-all', { message: `${sagas.length - wanted + unreadable.length} are not moved` })
}

interface Asked {
  readonly options: MigrateOptions
  readonly outcomes: readonly MigrationOutcome[]
}

function textOf(
  { sagas, unreadable }: MigrationPreview,
  { options, outcomes }: Asked,
  { color }: Surroundings,
): string {
  const became = new Map<string, MigrationOutcome>(outcomes.map((outcome) => [outcome.saga, outcome]))
  const rows = sagas.map((saga) => rowOf(saga, became.get(saga.saga)))
  const table = rows.length === 0 ? [] : [tableText(['ID', 'STATUS', 'MOVE', 'WHY'], rows, color)]
  const could = sagas.filter(({ refused }) => !refused).length
  const moved = outcomes.filter((outcome) => outcome.became === 'moved').length
  const done = options.dryRun ? `${could} could be moved` : `${moved} of ${could} were moved`
  const lost =
    unreadable.length === 0 ? '' : `; ${unreadable.length} cannot be read: ${unreadable.slice(0, 5).join(', ')}`
  const version = `version ${options.from} live`
  return [...table, `${sagas.length} of ${version}; ${done}, ${sagas.length - could} could not${lost}`].join('\n')
}

function rowOf({ saga, status, refused }: PreviewedSaga, outcome: MigrationOutcome | undefined): string[] {
  if (refused) return [saga, status, 'no', plain(`${refused.reason}: ${refused.message}`, 300)]
  return [saga, status, outcome?.became ?? 'yes', plain(outcome?.why ?? '', 300)]
}
