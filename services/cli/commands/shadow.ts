/** `kasaga definition shadow`: recorded logs run through another version of their definition, before it is deployed. */
import { type Command, Option } from 'commander'
import type { ShadowReport } from '../../../shared/runtime/shadow-run.ts'
import { type Definition, Definitions } from '../../../shared/saga/definition.ts'
import { CliFailure } from '../failure.ts'
import { whole } from '../options.ts'
import { knownDefinition } from '../plan-argument.ts'
import type { Surroundings } from '../surroundings.ts'
import { shadowJson, shadowText } from '../text/shadow-text.ts'
import { type LogOptions, withLogOptions } from './run-options.ts'

export interface ShadowAsked {
  readonly definition: Definition
  /** Those that the sagas may have been decided by. */
  readonly known: Definitions
  readonly of: number | undefined
  readonly toldMax: number
}

/** What the command runs on. */
export interface ShadowRun {
  /** The definitions that a module exports. */
  readonly load: (file: string) => Promise<Definitions>
  readonly run: (asked: ShadowAsked, options: LogOptions) => Promise<ShadowReport>
}

interface Options extends LogOptions {
  readonly definition: string
  readonly file?: string
  readonly version?: number
  readonly of?: number
  readonly limit: number
  readonly failOn: 'different' | 'breaking'
  readonly json: boolean
}

const HELP = `
Each decision in the log is asked for once more, of the definition in the file, on the state that was recorded. Nothing is sent and nothing
is written. Its mappings are run. A data folder is read while nothing runs in it; Kafka also while everything runs; an exported log anywhere.
Exit 0: all sagas are the same. Exit 1: some are different or breaking (with --fail-on breaking: breaking).

Examples:
  kasaga definition shadow --definition fulfil-order --file ./fulfil-order-2.ts --log night.ndjson.gz
  kasaga definition shadow --definition fulfil-order --version 2 --of 1 --kafka 127.0.0.1:9092 --json`

interface Place {
  readonly group: Command
  readonly definitions: Definitions
  readonly around: Surroundings
}

export function addShadow({ group, definitions, around }: Place, shadow: ShadowRun): void {
  const command = group
    .command('shadow')
    .description('Run recorded logs through another definition, and say what it would decide otherwise.')
    .requiredOption('--definition <name>', 'whose sagas')
    .option('--file <module>', 'file that exports the new definition; absent: those of this program')
    .option('--version <n>', 'version to be tried; the newest when absent', whole(1))
    .option('--of <n>', 'only sagas that run on this version', whole(1))
    .option('--limit <n>', 'tell so many sagas one by one', whole(0, 10_000), 20)
    .addOption(
      new Option('--fail-on <verdict>', 'what exit 1 is for').choices(['different', 'breaking']).default('different'),
    )
    .option('--json', 'print the report as one line of JSON', false)
  withLogOptions(command)
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const { definition: name, file, version, of, limit, json, failOn } = options
      const own = file === undefined ? definitions : await shadow.load(file)
      const definition = knownDefinition(own, name, version)
      const report = await shadow.run({ definition, known: together(own, definitions), of, toldMax: limit }, options)
      around.stdout.write(
        json
          ? `${JSON.stringify(shadowJson(definition, report))}\n`
          : `${shadowText(definition, report, around.color)}\n`,
      )
      const { different, breaking } = report
      if (breaking + (failOn === 'different' ? different : 0) === 0) return
      throw new CliFailure(1, 'not-the-same', { message: `${different} different, ${breaking} breaking` })
    })
}

/** Those of the file, and the program's own that it has not. */
function together(own: Definitions, others: Definitions): Definitions {
  return own === others
    ? own
    : new Definitions([...own.all, ...others.all.filter(({ name, version }) => !own.find(name, version))])
}
