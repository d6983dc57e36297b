/** `kasaga dlq`: the dead letters, and putting them back where they came from. */
import type { Command } from 'commander'
import { LETTERS_LIMIT_MAX } from '../../../shared/client/dead-letter-api.ts'
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import { whole } from '../options.ts'
import type { CliCommand, Surroundings } from '../surroundings.ts'
import { lettersText, letterText } from '../text/letter-text.ts'
import { editCommand, formText, validateCommand } from './dlq-edit.ts'
import { type FilterOptions, filtering, filterOf, ONLY_NEWEST } from './dlq-filter.ts'
import { redriveCommand } from './dlq-redrive.ts'

interface ListOptions extends AskOptions, FilterOptions {
  readonly limit: number
  readonly redriven: boolean
}

const LIMIT = 50

/** `kasaga dlq list`, `show`, `validate`, `edit` and `redrive`. */
export const dlqCommand: CliCommand = (program, around) => {
  const dlq = program.command('dlq').description('Dead letters: records that could not be used.')
  listCommand(dlq, around)
  showCommand(dlq, around)
  validateCommand(dlq, around)
  editCommand(dlq, around)
  redriveCommand(dlq, around)
}

function listCommand(dlq: Command, around: Surroundings): void {
  const command = dlq
    .command('list', { isDefault: true })
    .description('List how they failed, and one by one, newest first.')
    .option('--limit <n>', `how many one by one, at most ${LETTERS_LIMIT_MAX}`, whole(1, LETTERS_LIMIT_MAX), LIMIT)
    .option('--redriven', 'also those that were put back', false)
  asking(filtering(command, around), around, "kasaga dlq list --dead-for unknown-definition --since '2 h'")
  command.action(async (options: ListOptions) => {
    const { limit, redriven } = options
    const page = await clientOf(options).deadLetters({ ...filterOf(options), limit, redriven: redriven ? 'all' : 'no' })
    if (page.letters.length === 0 && !options.json) around.stderr.write('There are no such dead letters.\n')
    else
      writeResult(around, options, { json: page, text: lettersText(page, { color: around.color, now: around.now() }) })
    if (page.hasOlder && !options.json) around.stderr.write(`${ONLY_NEWEST}.\n`)
  })
}

function showCommand(dlq: Command, around: Surroundings): void {
  const command = dlq
    .command('show')
    .description('Show one: headers, value, what is wrong with it, and what would become of it now.')
    .argument('<id>', 'as `kasaga dlq list` names it: 0-17')
    .option('--form', 'as a file that `kasaga dlq edit` takes', false)
  asking(command, around, 'kasaga dlq show 0-17')
  command.action(async (id: string, options: AskOptions & { readonly form: boolean }) => {
    const letter = await clientOf(options).deadLetter(id)
    if (options.form) return void around.stdout.write(formText(letter))
    const text = letterText(letter, { color: around.color, now: around.now() })
    writeResult(around, options, { json: letter, text })
  })
}
