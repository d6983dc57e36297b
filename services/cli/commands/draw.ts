/** `kasaga draw`: a saga's plan as a picture, or as data. */
import type { Definitions } from '../../../shared/saga/definition.ts'
import { definitionData } from '../../../shared/saga/definition-data.ts'
import { mermaidOf } from '../../../shared/saga/draw.ts'
import { whole } from '../options.ts'
import { knownDefinition, PLAN_ARGUMENT, planArgument } from '../plan-argument.ts'
import type { CliCommand } from '../surroundings.ts'

interface Options {
  readonly version?: number
  readonly json?: boolean
}

const HELP = `
Prints Mermaid's flowchart: solid arrows forward, frames around blocks, dashed arrows back through the undos.
With --json: the plan as data.

Example:
  kasaga draw fulfil-order > fulfil-order.mmd`

/** Of the definitions that this program knows, or of a file; it asks no gateway. */
export function drawCommand(definitions: Definitions): CliCommand {
  return (program, around) => {
    program
      .command('draw')
      .description("Draw a saga's plan: its steps, and the way back.")
      .argument('<definition>', PLAN_ARGUMENT)
      .option('--version <n>', 'version of the definition; the newest when absent', whole(1))
      .option('--json', 'print the plan as one line of JSON')
      .addHelpText('after', HELP)
      .action(async (given: string, { version, json }: Options) => {
        const definition =
          version === undefined
            ? await planArgument(given, definitions, around)
            : knownDefinition(definitions, given, version)
        const data = definitionData(definition)
        around.stdout.write(json ? `${JSON.stringify(data)}\n` : mermaidOf(data))
      })
  }
}
