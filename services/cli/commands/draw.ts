/** `kasaga draw` and `kasaga definition draw`: a saga's plan as a picture, or as data. */
import { type Command, Option } from 'commander'
import type { DefinitionData } from '../../../shared/saga/data/data-types.ts'
import type { Definitions } from '../../../shared/saga/definition.ts'
import { definitionData } from '../../../shared/saga/definition-data.ts'
import { mermaidOf } from '../../../shared/saga/draw.ts'
import { dotOf } from '../../../shared/saga/picture/dot.ts'
import { svgOf } from '../../../shared/saga/picture/svg.ts'
import { CliFailure } from '../failure.ts'
import { whole } from '../options.ts'
import { knownDefinition, PLAN_ARGUMENT, planArgument } from '../plan-argument.ts'
import type { CliCommand, Surroundings } from '../surroundings.ts'

/** What a picture may be written in. */
const FORMATS = { mermaid: mermaidOf, dot: dotOf, svg: svgOf } as const satisfies Record<
  string,
  (data: DefinitionData) => string
>
type Format = keyof typeof FORMATS

interface Options {
  readonly version?: number
  readonly format: Format
  readonly out?: string
  readonly json?: boolean
}

const HELP = `
Solid arrows lead forward, dashed ones from a step to its undo and from undo to undo; blocks are frames. mermaid: its flowchart, which
many Markdown pages show. dot: for Graphviz. svg: an image that needs nothing else, for light and dark, with a legend.
With --json: the plan as data.

Examples:
  kasaga definition draw fulfil-order --format svg --out fulfil-order.svg
  kasaga draw fulfil-order > fulfil-order.mmd`

/** Of the definitions that this program knows, or of a file; it asks no gateway. */
export function drawCommand(definitions: Definitions): CliCommand {
  return (program, around) => addDraw(program, definitions, around)
}

/** It is among the commands of its group too, where one looks for it. */
export function addDraw(group: Command, definitions: Definitions, around: Surroundings): void {
  const formats = Object.keys(FORMATS)
  group
    .command('draw')
    .description("Draw a saga's plan: its steps, and the way back.")
    .argument('<definition>', PLAN_ARGUMENT)
    .option('--version <n>', 'version of the definition; the newest when absent', whole(1))
    .addOption(new Option('--format <format>', 'what it is written in').choices(formats).default('mermaid'))
    .option('--out <file>', 'write it to this file')
    .option('--json', 'print the plan as one line of JSON')
    .addHelpText('after', HELP)
    .action(async (given: string, { version, format, out, json }: Options) => {
      const definition =
        version === undefined
          ? await planArgument(given, definitions, around)
          : knownDefinition(definitions, given, version)
      const data = definitionData(definition)
      const text = json ? `${JSON.stringify(data)}\n` : FORMATS[format](data)
      if (out === undefined) around.stdout.write(text)
      else await written(out, text, around)
    })
}

async function written(file: string, text: string, { writeFile, stdout }: Surroundings): Promise<void> {
  try {
    await writeFile(file, text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new CliFailure(2, 'not-written', { message: `cannot write ${file}: ${why}` })
  }
  stdout.write(`${file}\n`)
}
