/** `kasaga timers`: what waits by the clock. */
import { Option } from 'commander'
import { TIMERS_LIMIT_MAX } from '../../../shared/client/timer-api.ts'
import { TIMER_KINDS, type TimerKind } from '../../../shared/view/timer-kinds.ts'
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import { whole } from '../options.ts'
import type { CliCommand } from '../surroundings.ts'
import { timersText } from '../text/timer-text.ts'

const LIMIT = 50

interface TimersOptions extends AskOptions {
  readonly saga?: string
  readonly kind?: TimerKind
  readonly overdue?: true
  readonly after?: string
  readonly limit: number
}

/** `kasaga timers`. */
export const timersCommand: CliCommand = (program, around) => {
  const command = program
    .command('timers')
    .description('What is due when: attempts, retries, sleeps, waits for signals, deadlines; the first comes first.')
    .option('--saga <id>', 'only of this saga')
    .addOption(new Option('--kind <kind>', 'only of this kind').choices(TIMER_KINDS))
    .option('--overdue', 'only what was due before now')
    .option('--limit <n>', `how many, at most ${TIMERS_LIMIT_MAX}`, whole(1, TIMERS_LIMIT_MAX), LIMIT)
    .option('--after <mark>', 'go on where a page ended')
  asking(command, around, 'kasaga timers --overdue')
  command.action(async (options: TimersOptions) => {
    const { saga, kind, overdue, after, limit } = options
    const page = await clientOf(options).timers({
      limit,
      ...(saga !== undefined && { saga }),
      ...(kind !== undefined && { kind }),
      ...(overdue && { overdue }),
      ...(after !== undefined && { after }),
    })
    const eyes = { color: around.color, now: around.now() }
    if (page.timers.length === 0 && !options.json) around.stderr.write('Nothing like that is due.\n')
    else writeResult(around, options, { json: page, text: timersText(page.timers, eyes) })
    if (page.next !== null && !options.json) around.stderr.write(`There are more: --after '${page.next}'\n`)
  })
}
