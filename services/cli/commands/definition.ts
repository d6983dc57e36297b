/** `kasaga definition`: plans shown, drawn, checked and compared, in files or known to this program; no gateway is asked. */
import type { Command } from 'commander'
import { faultText, type ReadDefinition, readDefinition, readPlan } from '../../../shared/client/definition-file.ts'
import { rememberedMs } from '../../../shared/participant/inbox-retention.ts'
import { definitionHash } from '../../../shared/runtime/definition-hash.ts'
import { changesBetween } from '../../../shared/saga/data/changes.ts'
import type { Definitions } from '../../../shared/saga/definition.ts'
import { definitionData, mappingsOf } from '../../../shared/saga/definition-data.ts'
import { CliFailure } from '../failure.ts'
import { jsonOption } from '../json-option.ts'
import { PLAN_ARGUMENT, planArgument } from '../plan-argument.ts'
import type { CliCommand, Surroundings } from '../surroundings.ts'
import { plain } from '../text/plain.ts'
import { changeText, planText } from '../text/plan-text.ts'
import { addDraw } from './draw.ts'
import { addShadow, type ShadowRun } from './shadow.ts'

interface JsonOption {
  readonly json?: boolean
}

interface CheckOptions extends JsonOption {
  readonly with?: string
}

/** What each of them has around it. */
interface Place {
  readonly group: Command
  readonly definitions: Definitions
  readonly around: Surroundings
}

export function definitionCommand(definitions: Definitions, shadow: ShadowRun): CliCommand {
  return (program, around) => {
    const group = program
      .command('definition')
      .description('Show, draw, check and compare the plans of sagas, and try them on recorded logs.')
    addDraw(group, definitions, around)
    for (const add of [addShow, addCheck, addDiff]) add({ group, definitions, around })
    addShadow({ group, definitions, around }, shadow)
  }
}

function addShow({ group, definitions, around }: Place): void {
  group
    .command('show')
    .description('Show a plan with its figures and its hash.')
    .argument('<definition>', PLAN_ARGUMENT)
    .option('--json', 'print the plan as one line of JSON, as a file has it')
    .addHelpText('after', '\nExample:\n  kasaga definition show fulfil-order --json > plan.json')
    .action(async (given: string, { json }: JsonOption) => {
      const definition = await planArgument(given, definitions, around)
      const data = definitionData(definition)
      const figures = { hash: definitionHash(definition), rememberedMs: rememberedMs(definition) }
      around.stdout.write(`${json ? JSON.stringify(data) : planText(data, figures)}\n`)
    })
}

const CHECK_HELP = `
Tells everything that is wrong with the fields, and if nothing is, with the graph: cycles, names, the pivot's rules.
No mapping is run. Exit 1: something is wrong.

Examples:
  kasaga definition check plan.json
  kasaga definition check plan.json --with fulfil-order    # has that one's code all that the file names?`

function addCheck({ group, definitions, around }: Place): void {
  group
    .command('check')
    .description('Check a plan in a file.')
    .argument('<file>', 'its JSON (- is standard input)')
    .option('--with <definition>', 'whose mappings, commands and schemas it will have')
    .option('--json', 'print the result as one line of JSON')
    .addHelpText('after', CHECK_HELP)
    .action(async (file: string, options: CheckOptions) => {
      const json = await jsonOption(file, `@${file}`, around)
      const code =
        options.with === undefined ? undefined : mappingsOf(await planArgument(options.with, definitions, around))
      const read = code ? readDefinition(json, code) : readPlan(json)
      around.stdout.write(`${options.json ? JSON.stringify(resultOf(read)) : checkText(read)}\n`)
      if (read.kind === 'refused') throw new CliFailure(1, 'unsound', { message: `${file} is no sound definition` })
    })
}

function resultOf(read: ReadDefinition) {
  if (read.kind === 'refused') return { sound: false, faults: read.faults }
  const { name, version } = read.definition
  return { sound: true, name, version, hash: definitionHash(read.definition), faults: [] }
}

function checkText(read: ReadDefinition): string {
  if (read.kind === 'refused') return read.faults.map((fault) => plain(faultText(fault))).join('\n')
  const { name, version } = read.definition
  return `sound  ${name} v${version}  sha256 ${definitionHash(read.definition)}`
}

const DIFF_HELP = `
One line for each difference: + added, - removed, ~ changed. Names and versions of the sagas are not compared, and order
counts only where it says something. Exit 1: they differ.

Examples:
  kasaga definition diff plan-1.json plan-2.json
  kasaga definition diff fulfil-order@1 ./plan.json --json`

function addDiff({ group, definitions, around }: Place): void {
  group
    .command('diff')
    .description('Compare two plans, field by field.')
    .argument('<before>', PLAN_ARGUMENT)
    .argument('<after>', 'the same')
    .option('--json', 'print the differences as one line of JSON')
    .addHelpText('after', DIFF_HELP)
    .action(async (before: string, after: string, { json }: JsonOption) => {
      const plans = [await planArgument(before, definitions, around), await planArgument(after, definitions, around)]
      const [one, other] = plans.map(definitionData)
      const changes = one && other ? changesBetween(one, other) : []
      if (json) around.stdout.write(`${JSON.stringify({ same: changes.length === 0, changes })}\n`)
      else for (const change of changes) around.stdout.write(`${changeText(change)}\n`)
      if (changes.length > 0)
        throw new CliFailure(1, 'different', {
          message: `they differ in ${changes.length} ${changes.length === 1 ? 'place' : 'places'}`,
        })
    })
}
