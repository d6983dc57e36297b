/** The command line: commands that ask a gateway, and those that are passed in. */
import { Command, CommanderError } from 'commander'
import {
  cancelCommand,
  editCommand,
  killCommand,
  pauseCommand,
  resolveCommand,
  resumeCommand,
  retryCommand,
  skipCommand,
} from './commands/acts.ts'
import { approveCommand } from './commands/approve.ts'
import { bulkCommand } from './commands/bulk.ts'
import { dlqCommand } from './commands/dlq.ts'
import { explainCommand } from './commands/explain.ts'
import { forkCommand } from './commands/fork.ts'
import { historyCommand } from './commands/history.ts'
import { limitsCommand } from './commands/limits.ts'
import { listCommand } from './commands/list.ts'
import { locksCommand } from './commands/locks.ts'
import { auditCommand, definitionsCommand, incidentsCommand, lagCommand } from './commands/operators.ts'
import { participantsCommand } from './commands/participants.ts'
import { showCommand } from './commands/show.ts'
import { signalCommand } from './commands/signal.ts'
import { startCommand } from './commands/start.ts'
import { timersCommand } from './commands/timers.ts'
import { failureOf } from './explain-failure.ts'
import { type CliFailure, EXIT_CODES_HELP, type ExitCode } from './failure.ts'
import type { CliCommand, Surroundings } from './surroundings.ts'
import { plain } from './text/plain.ts'
import { styled } from './text/status-text.ts'

/** Commands that talk HTTP to a gateway. */
const ASKING: readonly CliCommand[] = [
  startCommand,
  listCommand,
  showCommand,
  explainCommand,
  historyCommand,
  signalCommand,
  cancelCommand,
  retryCommand,
  approveCommand,
  resolveCommand,
  skipCommand,
  editCommand,
  pauseCommand,
  resumeCommand,
  killCommand,
  locksCommand,
  forkCommand,
  participantsCommand,
  limitsCommand,
  incidentsCommand,
  auditCommand,
  definitionsCommand,
  lagCommand,
  timersCommand,
  dlqCommand,
  bulkCommand,
]

/** The program. `more`: commands that run things; `main.ts` knows them, because it picks what they run on. */
export function createProgram(around: Surroundings, more: readonly CliCommand[] = []): Command {
  const program = new Command('kasaga')
    .description('Durable sagas on Kafka and Postgres, or in one process.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => around.stdout.write(text),
      writeErr: (text) => around.stderr.write(text),
      getOutHasColors: () => around.color,
      getErrHasColors: () => around.color,
      ...(around.columns !== undefined && { getOutHelpWidth: () => around.columns ?? 80 }),
    })
    .showHelpAfterError('(see --help)')
    .addHelpText('afterAll', EXIT_CODES_HELP)
  for (const add of [...more, ...ASKING]) add(program, around)
  return program
}

function tell(failure: CliFailure, around: Surroundings, asJson: boolean): void {
  const { code, message, next } = failure
  if (asJson) {
    around.stderr.write(`${JSON.stringify({ error: { code, message, ...(next !== undefined && { next }) } })}\n`)
    return
  }
  const text = code === 'internal' ? message : plain(message)
  around.stderr.write(`${styled('red', 'error:', around.color)} ${text}\n`)
  if (next !== undefined) around.stderr.write(`${plain(next)}\n`)
}

/** Runs it with these arguments (without the program's own name); answers the exit code, and never throws. */
export async function runProgram(program: Command, args: readonly string[], around: Surroundings): Promise<ExitCode> {
  try {
    await program.parseAsync([...args], { from: 'user' })
    return 0
  } catch (error) {
    // Commander has said it already; its own code is 0 only for help and version that were asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const failure = failureOf(error)
    tell(failure, around, args.includes('--json'))
    return failure.exitCode
  }
}
