/** `kasaga dlq`: the dead letters, and putting them back where they came from. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import {
  LETTERS_LIMIT_MAX,
  LETTERS_SCANNED,
  REDRIVES_AT_ONCE_MAX,
  type RedriveAnswer,
} from '../../../shared/client/dead-letter-api.ts'
import type { HttpClient } from '../../../shared/client/http-client.ts'
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import { CliFailure } from '../failure.ts'
import { whole } from '../options.ts'
import type { CliCommand, Surroundings } from '../surroundings.ts'
import { lettersText, letterText, redriveText } from '../text/letter-text.ts'

interface Filter {
  readonly deadFor?: string
  readonly topic?: string
  readonly key?: string
}

interface ListOptions extends AskOptions, Filter {
  readonly limit: number
  readonly redriven: boolean
}

interface RedriveOptions extends AskOptions, Filter {
  readonly reason?: string
  readonly actor: string
  readonly all: boolean
  readonly force: boolean
  readonly dryRun: boolean
  /** Letters a second. */
  readonly rate: number
}

const LIMIT = 50
const RATE = 20
const SECOND_MS = 1_000
const ONLY_NEWEST = `Only the newest ${LETTERS_SCANNED} records were looked at`

const filtering = (command: Command) =>
  command
    .option('--dead-for <reason>', 'only those with this reason')
    .option('--topic <name>', 'only those that came from this topic')
    .option('--key <text>', 'only those with this key: mostly the id of a saga')

const filterOf = ({ deadFor, topic, key }: Filter) => ({
  ...(deadFor !== undefined && { reason: deadFor }),
  ...(topic !== undefined && { topic }),
  ...(key !== undefined && { key }),
})

/** `kasaga dlq list`, `kasaga dlq show <id>` and `kasaga dlq redrive [id...]`. */
export const dlqCommand: CliCommand = (program, around) => {
  const dlq = program.command('dlq').description('Dead letters: records that could not be used.')
  listCommand(dlq, around)
  showCommand(dlq, around)
  redriveCommand(dlq, around)
}

function listCommand(dlq: Command, around: Surroundings): void {
  const command = dlq
    .command('list', { isDefault: true })
    .description('List them, newest first, and what they have in common.')
    .option('--limit <n>', `how many, at most ${LETTERS_LIMIT_MAX}`, whole(1, LETTERS_LIMIT_MAX), LIMIT)
    .option('--redriven', 'also those that were put back', false)
  asking(filtering(command), around, 'kasaga dlq list --dead-for unknown-definition')
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
    .description('Show one with its headers and value.')
    .argument('<id>', 'as `kasaga dlq list` names it: 0-17')
  asking(command, around, 'kasaga dlq show 0-17')
  command.action(async (id: string, options: AskOptions) => {
    const letter = await clientOf(options).deadLetter(id)
    const text = letterText(letter, { color: around.color, now: around.now() })
    writeResult(around, options, { json: letter, text })
  })
}

function redriveCommand(dlq: Command, around: Surroundings): void {
  const command = dlq
    .command('redrive')
    .description('Put them back where they came from, oldest first: once what was wrong is mended.')
    .argument('[ids...]', 'letters, as `kasaga dlq list` names them; absent: those that the options say')
    .option('--all', 'all that were not put back yet', false)
    .option('--dry-run', 'only list them', false)
    .option('--force', 'also those that were put back already, or too often', false)
    .option('--rate <count>', 'how many a second', whole(1, 1_000), RATE)
    .option('--reason <text>', 'why; kept with the letter')
    .option('--actor <name>', 'who asks; kept with the letter', around.actor)
  asking(
    filtering(command),
    around,
    `kasaga dlq redrive --dead-for unknown-definition --reason 'version 2 is deployed'`,
  )
  command.action(async (ids: string[], options: RedriveOptions) => {
    const asked = checked(ids, options)
    const client = clientOf(options)
    const { ids: meant, hasOlder } = ids.length > 0 ? { ids, hasOlder: false } : await waiting(client, options)
    if (hasOlder) around.stderr.write(`${ONLY_NEWEST}; what is older can be put back by its id.\n`)
    if (options.dryRun) {
      const text = [...meant, `${meant.length} would be put back`].join('\n')
      return writeResult(around, options, { json: { ids: meant }, text })
    }
    const answer = await redriveAll(client, meant, { ...asked, rate: options.rate })
    writeResult(around, options, { json: answer, text: redriveText(answer) })
    if (answer.refused.length > 0)
      throw new CliFailure(1, 'not-all', { message: `${answer.refused.length} were not put back` })
  })
}

function checked(ids: readonly string[], options: RedriveOptions) {
  const { reason = '', actor, force, all, dryRun } = options
  if (ids.length === 0 && !all && Object.keys(filterOf(options)).length === 0)
    throw new CliFailure(2, 'nothing-named', { message: 'say which: ids, --dead-for, --topic, --key or --all' })
  if (reason.trim() === '' && !dryRun)
    throw new CliFailure(2, 'no-reason', { message: 'say why: --reason, or look first with --dry-run' })
  return { reason, actor, force }
}

interface Meant {
  readonly ids: readonly string[]
  /** Whether there are records that were not looked at. */
  readonly hasOlder: boolean
}

/** All letters that are meant, oldest first, as they stand now: one that fails again is not put back again by the same call. */
async function waiting(client: HttpClient, options: RedriveOptions): Promise<Meant> {
  const found: string[] = []
  const limit = LETTERS_LIMIT_MAX
  const filter = { ...filterOf(options), order: 'oldest', redriven: options.force ? 'all' : 'no', limit } as const
  for (let after: string | undefined; ; after = found.at(-1)) {
    const { letters, hasOlder } = await client.deadLetters({ ...filter, ...(after !== undefined && { after }) })
    found.push(...letters.map(({ id }) => id))
    if (letters.length < limit) return { ids: found, hasOlder }
  }
}

interface Redrives {
  readonly reason: string
  readonly actor: string
  readonly force: boolean
  readonly rate: number
}

async function redriveAll(
  client: HttpClient,
  ids: readonly string[],
  { rate, ...asked }: Redrives,
): Promise<RedriveAnswer> {
  const redriven: RedriveAnswer['redriven'] = []
  const refused: RedriveAnswer['refused'] = []
  const atOnce = Math.min(rate, REDRIVES_AT_ONCE_MAX)
  for (let from = 0; from < ids.length; from += atOnce) {
    if (from > 0) await delay((SECOND_MS * atOnce) / rate)
    const answer = await client.redrive({ ...asked, ids: ids.slice(from, from + atOnce) })
    redriven.push(...answer.redriven)
    refused.push(...answer.refused)
  }
  return { redriven, refused }
}
