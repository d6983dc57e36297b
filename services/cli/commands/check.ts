/** `kasaga check`: every ending of a definition, before it ever runs. */
import type { Definitions } from '../../../shared/saga/definition.ts'
import type { Ending, EndingStep } from '../../../shared/saga/endings/ending.ts'
import { STATES_MAX, type Walked, walkEndings } from '../../../shared/saga/endings/walk.ts'
import { type Warning, warningsOf } from '../../../shared/saga/endings/warnings.ts'
import { CliFailure } from '../failure.ts'
import { whole } from '../options.ts'
import { PLAN_ARGUMENT, planArgument } from '../plan-argument.ts'
import type { CliCommand } from '../surroundings.ts'
import { plain } from '../text/plain.ts'
import { tableText } from '../text/tables.ts'

interface Options {
  readonly states: number
  readonly strict?: boolean
  readonly json?: boolean
}

const HELP = `
Everything that can come, at each place where it can: a step is done, refused, or given up with its outcome unknown; a signal comes or does not;
a cancel, the deadline; an undo works or does not. It is decided by what decides sagas; no mapping is run: a condition is taken both
ways, loops have two rounds, and fan-outs two items more than may fail, up to four. What is undone is told in an order in which it is;
a step with a ? is undone on some of the ways to that ending.
Exit 1: it stopped before it had walked everything; with --strict, also when there are warnings.

Examples:
  kasaga check fulfil-order
  kasaga check ./plan.json --states 50000 --strict --json`

export function checkCommand(definitions: Definitions): CliCommand {
  return (program, around) => {
    program
      .command('check')
      .description('Walk every ending of a definition before it runs: what is undone, what stays, what needs a person.')
      .argument('<definition>', PLAN_ARGUMENT)
      .option('--states <n>', 'stop after so many states', whole(1, 1_000_000), STATES_MAX)
      .option('--strict', 'exit 1 when there are warnings')
      .option('--json', 'print the endings and warnings as one line of JSON')
      .addHelpText('after', HELP)
      .action(async (given: string, { states: statesMax, strict, json }: Options) => {
        const definition = await planArgument(given, definitions, around)
        const walked = walkEndings(definition, { statesMax })
        const warnings = warningsOf(definition, walked)
        const { name, version } = definition
        const { endings, states, complete } = walked
        around.stdout.write(
          json
            ? `${JSON.stringify({ name, version, complete, states, endings, warnings })}\n`
            : `${[`${name} v${version}`, ...textOf(walked, warnings, around.color)].join('\n')}\n`,
        )
        if (!complete)
          throw new CliFailure(1, 'not-complete', {
            message: `it stopped after ${states} states: there may be other endings`,
            next: `Walk on with --states ${10 * statesMax}`,
          })
        if (strict && warnings.length > 0)
          throw new CliFailure(1, 'warnings', {
            message: `there ${warnings.length === 1 ? 'is 1 warning' : `are ${warnings.length} warnings`}`,
          })
      })
  }
}

function textOf({ endings, states, complete }: Walked, warnings: readonly Warning[], color: boolean): string[] {
  const rows = endings.map((ending) => [
    endText(ending),
    becauseText(ending),
    stepsText(ending.undone),
    ending.stays.join(', '),
  ])
  const end = complete
    ? `${endings.length} endings, all of them: ${states} states`
    : `${endings.length} endings of ${states} states, and maybe more`
  const told = warnings.map(({ step, message }) => plain(`  ${step}: ${message}`, 300))
  return [
    '',
    tableText(['ENDING', 'BECAUSE', 'UNDONE', 'STAYS DONE'], rows, color),
    '',
    end,
    ...(told.length === 0 ? [] : ['', 'Worth a second look:', ...told]),
  ]
}

function endText({ status, stuckAt }: Ending): string {
  if (status === 'stuck') return plain(`STUCK at ${stuckAt.join(', ')}`, 120)
  return status === 'running' || status === 'compensating' ? 'WAITS for nothing' : status
}

function becauseText({ cause, causeStep }: Ending): string {
  if (cause === null) return ''
  return causeStep === null ? cause : `${causeStep} ${cause}`
}

function stepsText(steps: readonly EndingStep[]): string {
  return plain(steps.map(({ step, always }) => `${step}${always ? '' : '?'}`).join(', '), 160)
}
