/** `kasaga rebuild`: a view built from the log beside the one that is read, whose place it then takes. */
import { InvalidArgumentError } from 'commander'
import { KEEP_MS, type LogPoint } from '../../../shared/ports/rebuild.ts'
import type { TableComparison } from '../../../shared/ports/view-store.ts'
import { CliFailure } from '../failure.ts'
import { duration } from '../options.ts'
import type { CliCommand, Surroundings } from '../surroundings.ts'
import { tableText } from '../text/tables.ts'
import { type HomeOptions, withHomeOptions } from './run-options.ts'

export interface RebuildCommandOptions extends HomeOptions {
  readonly asOf?: LogPoint
  readonly name?: string
  readonly rollback: boolean
  readonly drop?: string
  readonly compare: boolean
  readonly keep: number
  readonly json: boolean
}

/** What became of it. Times are ISO 8601. */
export type RebuildResult =
  | {
      readonly kind: 'rebuilt' | 'rolled-back'
      readonly view: string
      readonly version: number
      /** Version of the one whose place was taken. */
      readonly before: number
      readonly records: number
      readonly elapsedMs: number
      readonly tables: readonly TableComparison[]
      readonly keptUntil: string | null
    }
  | {
      readonly kind: 'as-of'
      readonly view: string
      readonly schema: string
      readonly records: number
      readonly elapsedMs: number
    }
  | { readonly kind: 'dropped'; readonly view: string; readonly schema: string }
  | { readonly kind: 'listed'; readonly views: readonly ListedView[] }

export interface ListedView {
  readonly view: string
  readonly version: number
  readonly schema: string
  /** Records of the log that are in it. */
  readonly records: string
  /** Time of the newest batch in it. */
  readonly asOf: string | null
  readonly keptUntil: string | null
}

export type RebuildRun = (view: string | undefined, options: RebuildCommandOptions) => Promise<RebuildResult>

const HELP = `
Without a view: those that there are, what is being built, and what is kept. It goes on where an earlier attempt was ended. The
view is read and written all the while; rows that differ from those that were read are counted before its place is taken.
A data folder is built while nothing runs in it; Kafka and Postgres also while everything runs.

Examples:
  kasaga rebuild sagas --kafka 127.0.0.1:9092 --database-url postgres://localhost/kasaga
  kasaga rebuild sagas --data-dir .data --rollback
  kasaga rebuild sagas --data-dir .data --as-of 2026-11-20T09:00:00Z --name before_the_sale
  kasaga rebuild sagas --data-dir .data --drop before_the_sale`

/** `2026-11-20T09:00:00Z`, or `2:1500`: partition and offset. */
export function asOf(text: string): LogPoint {
  const place = /^(\d{1,6}):(\d{1,19})$/.exec(text)
  if (place) return { partition: Number(place[1]), offset: BigInt(place[2] ?? 0) }
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isFinite(time)) return { time }
  throw new InvalidArgumentError('a time is wanted, as 2026-11-20T09:00:00Z, or a partition and offset, as 2:1500')
}

export function rebuildCommand(run: RebuildRun): CliCommand {
  return (program, around) => {
    const command = program
      .command('rebuild')
      .description('Build a view anew from the log, and let it take the place of the one that is read.')
      .argument('[view]', 'name of the view, as sagas; absent: list them')
      .option('--as-of <time>', 'as of a time, or a partition:offset; left beside, in a schema of its own', asOf)
      .option('--name <name>', 'name of what --as-of leaves: its schema is kasaga_at_<name>')
      .option('--rollback', 'let the one that was kept take its place back', false)
      .option(
        '--drop <name>',
        'drop what --as-of has left under that name; next: what is being built; kept: what is kept',
      )
      .option('--no-compare', 'do not compare rows with those that were read')
      .option('--keep <duration>', "how long the one before is kept for --rollback, as '2 days'", duration, KEEP_MS)
      .option('--json', 'print the result as one line of JSON', false)
    withHomeOptions(command)
      .addHelpText('after', HELP)
      .action(async (view: string | undefined, options: RebuildCommandOptions) => {
        check(view, options)
        const result = await run(view, options)
        around.stdout.write(`${options.json ? JSON.stringify(result) : textOf(result, around)}\n`)
      })
  }
}

function check(view: string | undefined, { asOf, name, rollback, drop }: RebuildCommandOptions): void {
  const asked = [asOf !== undefined, rollback, drop !== undefined].filter(Boolean).length
  const wrong =
    asked > 1
      ? '--as-of, --rollback and --drop do not go together'
      : asked > 0 && view === undefined
        ? 'name the view'
        : (asOf === undefined) !== (name === undefined)
          ? '--as-of and --name go together'
          : undefined
  if (wrong !== undefined) throw new CliFailure(2, 'bad-usage', { message: wrong, next: 'See kasaga rebuild --help' })
}

function textOf(result: RebuildResult, around: Surroundings): string {
  switch (result.kind) {
    case 'rebuilt':
    case 'rolled-back':
      return rebuiltText(result, around)
    case 'as-of':
      return `${result.view} is in the schema ${result.schema}: ${read(result)}`
    case 'dropped':
      return `${result.schema} has no ${result.view} any more`
    case 'listed':
      return listText(result.views, around)
  }
}

function read({ records, elapsedMs }: { readonly records: number; readonly elapsedMs: number }): string {
  const rate = Math.round((records * 1_000) / Math.max(1, elapsedMs))
  return `${records} records in ${(elapsedMs / 1_000).toFixed(1)} s, ${rate}/s`
}

function rebuiltText(
  result: Extract<RebuildResult, { kind: 'rebuilt' | 'rolled-back' }>,
  { color }: Surroundings,
): string {
  const { view, version, before, tables, keptUntil } = result
  const was = before === version ? '' : `, where version ${before} was`
  const rows = tables.map(({ table, isWhole, ...rows }) => [
    table,
    ...[rows.same, rows.differing, rows.onlyBefore, rows.onlyAfter].map(String),
    isWhole ? '' : 'too many differ: the rest was not compared',
  ])
  const head = ['TABLE', 'SAME', 'DIFFER', 'ONLY BEFORE', 'ONLY NOW', '']
  const kept = keptUntil === null ? 'the one before is gone' : `the one before is kept until ${keptUntil}: --rollback`
  return [
    `${view} version ${version} is read now${was}; ${read(result)}`,
    ...(rows.length > 0 ? [tableText(head, rows, color)] : []),
    kept,
  ].join('\n')
}

function listText(views: readonly ListedView[], { color }: Surroundings): string {
  if (views.length === 0) return 'There are no views yet: the projector builds them when it starts.'
  const head = ['VIEW', 'VERSION', 'SCHEMA', 'RECORDS', 'AS OF', 'KEPT UNTIL']
  const rows = views.map((one) => [
    one.view,
    String(one.version),
    one.schema,
    one.records,
    one.asOf ?? '-',
    one.keptUntil ?? '',
  ])
  return tableText(head, rows, color)
}
