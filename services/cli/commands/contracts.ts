/** `kasaga contracts`: the user's own contracts as files, and what a change of them would break. No gateway is asked. */
import type { Command } from 'commander'
import { type BreakingChange, breakingChanges, breakText } from '../../../shared/contracts/breaking-changes.ts'
import { contractFiles, contractFilesWithDocument } from '../../../shared/contracts/contract-files.ts'
import type { JsonSchema } from '../../../shared/contracts/json-schema.ts'
import type { WireContracts } from '../../../shared/contracts/wire-contracts.ts'
import { CliFailure } from '../failure.ts'
import type { CliCommand, Surroundings } from '../surroundings.ts'
import { plain } from '../text/plain.ts'

/** What the two need of the world. */
export interface ContractsRun {
  /** The contracts that a module exports. */
  load(module: string): Promise<WireContracts>
  /** The JSON files below a folder, by their paths in it. */
  read(folder: string): Promise<ReadonlyMap<string, JsonSchema>>
  /** Writes the files, and removes those of contracts that are no more. */
  write(folder: string, files: ReadonlyMap<string, JsonSchema>): Promise<void>
  /** What a registry says to them, one line for each breaking change. */
  askRegistry(url: string, contracts: WireContracts): Promise<readonly BreakingChange[]>
}

interface GenerateOptions {
  readonly definitions: string
  readonly out: string
  readonly title: string
}

interface CheckOptions {
  readonly definitions: string
  readonly against?: string
  readonly registry?: string
  readonly json?: boolean
}

interface Place {
  readonly group: Command
  readonly run: ContractsRun
  readonly around: Surroundings
}

export function contractsCommand(run: ContractsRun): CliCommand {
  return (program, around) => {
    const group = program.command('contracts').description('Write contracts as schemas, and check changes of them.')
    addGenerate({ group, run, around })
    addCheck({ group, run, around })
  }
}

const MODULE = 'module that exports definitions, contracts, or both'

const GENERATE_HELP = `
Writes contracts/<command>.json, sagas/<saga>.input.json and asyncapi.json; what was there of other contracts is removed.

Example:
  kasaga contracts generate --definitions ./sagas.ts --out schemas`

function addGenerate({ group, run, around }: Place): void {
  group
    .command('generate')
    .description('Write JSON Schemas and an AsyncAPI document.')
    .requiredOption('--definitions <module>', MODULE)
    .requiredOption('--out <folder>', 'where to')
    .option('--title <text>', 'of the AsyncAPI document', 'Sagas')
    .addHelpText('after', GENERATE_HELP)
    .action(async ({ definitions, out, title }: GenerateOptions) => {
      const files = contractFilesWithDocument(await run.load(definitions), title)
      await run.write(out, files)
      for (const path of files.keys()) around.stdout.write(`${path}\n`)
    })
}

const CHECK_HELP = `
Payloads and inputs must be readable by newer code, answers by newer and older code. Exit 1: something would break.
With --registry, which takes KASAGA_REGISTRY_USERNAME and the other settings, its own verdict counts too.

Examples:
  kasaga contracts check --definitions ./sagas.ts --against schemas
  kasaga contracts check --definitions ./sagas.ts --registry http://127.0.0.1:8081`

function addCheck({ group, run, around }: Place): void {
  group
    .command('check')
    .description('Tell each breaking change, before it is deployed.')
    .requiredOption('--definitions <module>', MODULE)
    .option('--against <folder>', 'what `generate` wrote before')
    .option('--registry <url>', 'a schema registry with what is deployed')
    .option('--json', 'print the result as one line of JSON')
    .addHelpText('after', CHECK_HELP)
    .action(async (options: CheckOptions) => {
      const breaks = await breaksOf(options, run)
      if (options.json) around.stdout.write(`${JSON.stringify({ compatible: breaks.length === 0, breaks })}\n`)
      else for (const one of breaks) around.stdout.write(`${plain(breakText(one))}\n`)
      if (breaks.length === 0) return
      const message = `${breaks.length} breaking ${breaks.length === 1 ? 'change' : 'changes'}`
      throw new CliFailure(1, 'breaking-changes', {
        message,
        next: 'give the contract a new version beside the old one, or make the field optional',
      })
    })
}

async function breaksOf(options: CheckOptions, run: ContractsRun): Promise<readonly BreakingChange[]> {
  const { definitions, against, registry } = options
  if ((against === undefined) === (registry === undefined))
    throw new CliFailure(2, 'usage', { message: 'name either --against <folder> or --registry <url>' })
  const contracts = await run.load(definitions)
  if (registry !== undefined) return run.askRegistry(registry, contracts)
  const older = await run.read(against ?? '')
  if (older.size === 0) throw new CliFailure(2, 'no-contracts', { message: `there are no contracts in ${against}` })
  return breakingChanges(older, contractFiles(contracts))
}
