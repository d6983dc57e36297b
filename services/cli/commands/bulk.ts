/** `kasaga bulk`: one act, asked of every saga that the options find; and what goes on of that. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import {
  BULK_RATE,
  BULK_RATE_MAX,
  BULKS_LIMIT_MAX,
  type BulkAct,
  type BulkAnswer,
  type BulkKind,
} from '../../../shared/client/bulk-api.ts'
import type { HttpClient } from '../../../shared/client/http-client.ts'
import { isEmptyFilter } from '../../../shared/client/saga-filter.ts'
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import { CliFailure } from '../failure.ts'
import { jsonOption } from '../json-option.ts'
import { whole } from '../options.ts'
import { type FilterOptions, filterIn, filtering } from '../saga-filter-options.ts'
import type { CliCommand, Surroundings } from '../surroundings.ts'
import { bulksText, bulkText, previewText, progressOf } from '../text/bulk-text.ts'
import { progressLine } from '../text/progress-line.ts'

interface Options extends AskOptions, FilterOptions {
  readonly reason?: string
  readonly actor: string
  readonly requestId?: string
  readonly rate: number
  readonly dryRun: boolean
  readonly yes: boolean
  readonly wait: boolean
  /** Of some acts. */
  readonly step?: string
  readonly as?: 'undone' | 'done' | 'failed'
  readonly result?: string
  readonly notDone?: boolean
  readonly timers?: 'hold' | 'run'
  readonly payload?: string
}

interface Kind {
  readonly kind: BulkKind
  readonly description: string
  readonly takes?: (command: Command) => void
  readonly act: (options: Options, around: Surroundings, words: readonly string[]) => BulkAct | Promise<BulkAct>
  readonly example: string
}

const WAIT_POLL_MS = 500

const aboutStep = (command: Command) =>
  void command.requiredOption('--step <path>', 'the step of each that it is about')

function resultOption(command: Command): void {
  command.option('--result <json>', 'what the step gave: JSON, @file, or @- for standard input; absent: null')
}

const KINDS: readonly Kind[] = [
  {
    kind: 'retry',
    description: 'Ask stuck or stopped sagas to go on from where they are.',
    takes: (command) => void command.option('--step <path>', 'only this step of each; absent: all that is parked'),
    act: ({ step }) => ({ kind: 'retry', ...(step !== undefined && { step }) }),
    example: `kasaga bulk retry --incident 3f9ac1d20b7e --reason 'the carrier is back' --yes`,
  },
  {
    kind: 'cancel',
    description: 'Ask sagas to turn back.',
    act: () => ({ kind: 'cancel' }),
    example: `kasaga bulk cancel --definition fulfil-order --attribute warehouse=w-3 --reason 'it burnt down' --dry-run`,
  },
  {
    kind: 'pause',
    description: 'Hold sagas: nothing new is begun until they are resumed.',
    takes: (command) => {
      const says = 'whether times that come meanwhile count'
      command.addOption(new Option('--timers <mode>', says).choices(['hold', 'run']).default('hold'))
    },
    act: ({ timers = 'hold' }) => ({ kind: 'pause', timers }),
    example: `kasaga bulk pause --participant shipping --reason 'the carrier moves' --rate 100 --yes`,
  },
  {
    kind: 'resume',
    description: 'Let paused sagas go on.',
    act: () => ({ kind: 'resume' }),
    example: `kasaga bulk resume --status paused --definition fulfil-order --reason 'moved' --yes`,
  },
  {
    kind: 'kill',
    description: 'End sagas as they are, with nothing undone. Incidents: for when neither retry nor cancel will do.',
    act: () => ({ kind: 'kill' }),
    example: `kasaga bulk kill --prefix load-test- --reason 'left over from a test, ticket 4711' --yes`,
  },
  {
    kind: 'skip',
    description: 'Take a step of each as done, with a result that fits its contract.',
    takes: (command) => {
      aboutStep(command)
      resultOption(command)
      command.option('--not-done', 'nothing was done: nothing is to be undone', false)
    },
    act: async ({ step = '', result = 'null', notDone = false }, around) => {
      return { kind: 'skip', step, notDone, output: await jsonOption('--result', result, around) }
    },
    example: `kasaga bulk skip --step notify --not-done --at-step notify --reason 'nobody to notify' --yes`,
  },
  {
    kind: 'resolve',
    description: 'Say what became of a step of each that waits for a person.',
    takes: (command) => {
      aboutStep(command)
      const outcomes = ['undone', 'done', 'failed']
      command.addOption(new Option('--as <outcome>', 'what became of it').choices(outcomes).default('undone'))
      resultOption(command)
    },
    act: async ({ step = '', as = 'undone', result = 'null' }, around) => {
      const output = as === 'done' ? { output: await jsonOption('--result', result, around) } : {}
      return { kind: 'resolve', step, as, ...output }
    },
    example: `kasaga bulk resolve --step charge --incident 3f9ac1d20b7e --reason 'refunded at the bank' --yes`,
  },
  {
    kind: 'signal',
    description: 'Send a signal to sagas.',
    takes: (command) => {
      command.argument('<name>', 'of the signal')
      command.option('--payload <json>', 'what it carries: JSON, @file, or @- for standard input', 'null')
    },
    act: async ({ payload = 'null' }, around, [name = '']) => {
      return { kind: 'signal', name, payload: await jsonOption('--payload', payload, around) }
    },
    example: `kasaga bulk signal stock-is-back --at-step wait-for-stock --reason 'delivered' --yes`,
  },
]

/** `kasaga bulk`. */
export const bulkCommand: CliCommand = (program, around) => {
  const bulk = program
    .command('bulk')
    .description('One act, asked of every saga that the options find: counted first, so many a second.')
  for (const kind of KINDS) askCommand(bulk, kind, around)
  listCommand(bulk, around)
  showCommand(bulk, around)
  abortCommand(bulk, around)
}

function askCommand(bulk: Command, { kind, takes, act, description, example }: Kind, around: Surroundings): void {
  const command = bulk.command(kind).description(description)
  takes?.(command)
  filtering(command)
    .option('--dry-run', 'only say what it would come to', false)
    .option('--yes', 'ask it, once it is said what it comes to', false)
    .option('--rate <n>', `how many a second, at most ${BULK_RATE_MAX}`, whole(1, BULK_RATE_MAX), BULK_RATE)
    .option('--reason <text>', 'why; kept in the histories')
    .option('--actor <name>', 'who asks; kept in the histories', around.actor)
    .option('--request-id <id>', 'repeated under the same id it is one bulk act')
    .option('--wait', 'wait until it has ended', false)
  asking(command, around, example)
  command.action(async (...given: unknown[]) => {
    const options = command.opts<Options>()
    const words = given.filter((word): word is string => typeof word === 'string')
    await ask(await act(options, around, words), options, around)
  })
}

async function ask(act: BulkAct, options: Options, around: Surroundings): Promise<void> {
  const { rate, reason = '', actor, requestId = around.ids.next(), dryRun, yes, wait, json = false } = options
  const filter = filterIn(options)
  if (isEmptyFilter(filter))
    throw new CliFailure(2, 'empty-filter', {
      message: 'say which sagas: an empty filter means every one',
      next: 'Narrow it, as with --status stuck or --definition fulfil-order; see them first with: kasaga list',
    })
  if (reason.trim() === '' && !dryRun)
    throw new CliFailure(2, 'no-reason', { message: 'say why: --reason, or look first with --dry-run' })
  const client = clientOf(options)
  const preview = await client.bulkPreview({ act, filter })
  const told = previewText(act.kind, preview, { rate, color: around.color })
  if (dryRun) return writeResult(around, options, { json: preview, text: told })
  if (!json) around.stderr.write(`${told}\n`)
  if (!yes)
    throw new CliFailure(2, 'not-confirmed', {
      message: `nothing was asked of the ${preview.open} sagas`,
      next: 'Say the same with --yes to ask it',
    })
  const asked = await client.bulk({ act, filter, rate, reason, actor, requestId })
  const bulk = wait ? await untilEnded(client, asked, around) : asked
  const next = wait ? '' : `\nSee how far it is with: kasaga bulk show ${bulk.id}`
  const text = `${bulkText(bulk, { color: around.color, now: around.now() })}${next}`
  writeResult(around, options, { json: bulk, text })
  if (wait && bulk.state !== 'done')
    throw new CliFailure(1, 'not-done', { message: `${bulk.id} was not done: it is ${bulk.state}` })
}

async function untilEnded(client: HttpClient, asked: BulkAnswer, around: Surroundings): Promise<BulkAnswer> {
  const progress = progressLine(around.stderr, around.now)
  for (let bulk = asked; ; bulk = await client.bulkShow(asked.id)) {
    if (bulk.endedAt !== null) {
      progress.clear()
      return bulk
    }
    progress.show(progressOf(bulk))
    await delay(WAIT_POLL_MS)
  }
}

function listCommand(bulk: Command, around: Surroundings): void {
  const command = bulk
    .command('list', { isDefault: true })
    .description('List bulk acts, newest first.')
    .option('--limit <n>', `how many, at most ${BULKS_LIMIT_MAX}`, whole(1, BULKS_LIMIT_MAX), 50)
  asking(command, around, 'kasaga bulk list')
  command.action(async (options: AskOptions & { readonly limit: number }) => {
    const list = await clientOf(options).bulks({ limit: options.limit })
    const eyes = { color: around.color, now: around.now() }
    if (list.bulks.length === 0 && !options.json) around.stderr.write('No bulk act was asked for.\n')
    else writeResult(around, options, { json: list, text: bulksText(list.bulks, eyes) })
  })
}

function showCommand(bulk: Command, around: Surroundings): void {
  const command = bulk
    .command('show')
    .description('Show one: what was asked, by whom, how far it is.')
    .argument('<id>', 'as `kasaga bulk list` names it')
  asking(command, around, 'kasaga bulk show bulk-0198c2f0')
  command.action(async (id: string, options: AskOptions) => {
    const found = await clientOf(options).bulkShow(id)
    writeResult(around, options, { json: found, text: bulkText(found, { color: around.color, now: around.now() }) })
  })
}

function abortCommand(bulk: Command, around: Surroundings): void {
  const command = bulk
    .command('abort')
    .description('End one: what was not asked yet is not asked any more. What was asked stays asked.')
    .argument('<id>', 'as `kasaga bulk list` names it')
    .requiredOption('--reason <text>', 'why; kept with it')
    .option('--actor <name>', 'who asks; kept with it', around.actor)
  asking(command, around, `kasaga bulk abort bulk-0198c2f0 --reason 'the wrong version'`)
  command.action(async (id: string, options: AskOptions & { readonly reason: string; readonly actor: string }) => {
    const { reason, actor } = options
    const answer = await clientOf(options).bulkAbort(id, { reason, actor })
    writeResult(around, options, {
      json: answer,
      text: `${id} is to ask no more; see what it came to with: kasaga bulk show ${id}`,
    })
  })
}
