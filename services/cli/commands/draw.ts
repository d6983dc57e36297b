/** `kasaga draw`: a saga's plan as a picture, or as data. */
import type { Definitions } from '../../../shared/saga/definition.ts'
import { definitionData } from '../../../shared/saga/definition-data.ts'
import { mermaidOf } from '../../../shared/saga/draw.ts'
import { CliFailure } from '../failure.ts'
import { whole } from '../options.ts'
import type { CliCommand } from '../surroundings.ts'

interface Options {
  readonly version?: number
  readonly json?: boolean
}

const HELP = `
Prints Mermaid's flowchart: solid arrows forward, dashed ones back through the undos. With --json: the plan as data.

Example:
  kasaga draw fulfil-order > fulfil-order.mmd`

/** Of the definitions that this program knows; it asks no gateway. */
export function drawCommand(definitions: Definitions): CliCommand {
  return (program, { stdout }) => {
    program
      .command('draw')
      .description("Draw a saga's plan: its steps, and the way back.")
      .argument('<definition>', 'name of the definition')
      .option('--version <n>', 'version of the definition; the newest when absent', whole(1))
      .option('--json', 'print the plan as one line of JSON')
      .addHelpText('after', HELP)
      .action((name: string, { version, json }: Options) => {
        const definition = definitions.find(name, version)
        if (!definition) throw unknown(name, definitions)
        const data = definitionData(definition)
        stdout.write(json ? `${JSON.stringify(data)}\n` : mermaidOf(data))
      })
  }
}

function unknown(name: string, { all }: Definitions): CliFailure {
  const known = all.map((definition) => `${definition.name} version ${definition.version}`).join(', ')
  return new CliFailure(1, 'unknown-definition', { message: `there is no definition ${name}`, next: `Known: ${known}` })
}
