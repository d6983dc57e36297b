import { LIST_LIMIT_MAX } from '../../../shared/client/http-api.ts'
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import { whole } from '../options.ts'
import { type FilterOptions, filterIn, filtering } from '../saga-filter-options.ts'
import type { CliCommand } from '../surroundings.ts'
import { listText } from '../text/saga-text.ts'

interface Options extends AskOptions, FilterOptions {
  readonly limit: number
  readonly after?: string
}

const LIMIT = 50

/** `kasaga list`. */
export const listCommand: CliCommand = (program, around) => {
  const command = filtering(program.command('list').description('List sagas, newest first.'))
    .option('--limit <n>', `how many, at most ${LIST_LIMIT_MAX}`, whole(1, LIST_LIMIT_MAX), LIMIT)
    .option('--after <mark>', 'go on where a page ended')
  asking(command, around, 'kasaga list --status stuck')
  command.action(async (options: Options) => {
    const { limit, after } = options
    const page = await clientOf(options).list({ limit, ...filterIn(options), ...(after !== undefined && { after }) })
    if (page.sagas.length === 0 && !options.json) around.stderr.write('No saga matches.\n')
    else
      writeResult(around, options, {
        json: page,
        text: listText(page.sagas, { color: around.color, now: around.now() }),
      })
    if (page.next !== null && !options.json) around.stderr.write(`There are more: --after '${page.next}'\n`)
  })
}
