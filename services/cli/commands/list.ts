import { InvalidArgumentError, Option } from 'commander'
import { LIST_LIMIT_MAX, ListedStatusName } from '../../../shared/client/http-api.ts'
import { PRIORITY_MAX } from '../../../shared/message/priority.ts'
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import { whole } from '../options.ts'
import type { CliCommand } from '../surroundings.ts'
import { listText } from '../text/saga-text.ts'

interface Options extends AskOptions {
  readonly status?: string
  readonly definition?: string
  readonly priority?: number
  readonly prefix?: string
  readonly attribute?: Readonly<Record<string, string>>
  readonly limit: number
  readonly after?: string
}

const LIMIT = 50

/** Reads `customer=c-7`, beside those that were read before. */
function attribute(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=')
  if (at > 0) return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
  throw new InvalidArgumentError('an attribute is wanted, as customer=c-7')
}

/** `kasaga list`. */
export const listCommand: CliCommand = (program, around) => {
  const command = program
    .command('list')
    .description('List sagas, newest first.')
    .addOption(new Option('--status <status>', 'only those of this status').choices(ListedStatusName.options))
    .option('--definition <name>', 'only those of this definition')
    .option('--priority <n>', 'only those of this priority', whole(0, PRIORITY_MAX))
    .option('--prefix <text>', 'only those whose id begins so')
    .option('--attribute <name=value>', 'only those that are found by it; several must all hold', attribute)
    .option('--limit <n>', `how many, at most ${LIST_LIMIT_MAX}`, whole(1, LIST_LIMIT_MAX), LIMIT)
    .option('--after <mark>', 'go on where a page ended')
  asking(command, around, 'kasaga list --status stuck')
  command.action(async ({ prefix, attribute: attributes, ...options }: Options) => {
    const { status, definition, priority, limit, after } = options
    const page = await clientOf(options).list({
      limit,
      ...(status !== undefined && { status }),
      ...(definition !== undefined && { definition }),
      ...(priority !== undefined && { priority }),
      ...(prefix !== undefined && { idPrefix: prefix }),
      ...(attributes && { attributes }),
      ...(after !== undefined && { after }),
    })
    if (page.sagas.length === 0 && !options.json) around.stderr.write('No saga matches.\n')
    else
      writeResult(around, options, {
        json: page,
        text: listText(page.sagas, { color: around.color, now: around.now() }),
      })
    if (page.next !== null && !options.json) around.stderr.write(`There are more: --after '${page.next}'\n`)
  })
}
