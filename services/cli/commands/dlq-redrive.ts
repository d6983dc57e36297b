/** `kasaga dlq redrive`: dead letters are put back where they came from, at a rate, until somebody stops it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import { LETTER_IDS_MAX, REDRIVES_AT_ONCE_MAX, type RedriveAnswer } from '../../../shared/client/dead-letter-api.ts'
import type { HttpClient } from '../../../shared/client/http-client.ts'
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import { CliFailure } from '../failure.ts'
import { whole } from '../options.ts'
import type { Surroundings } from '../surroundings.ts'
import { redriveText } from '../text/letter-text.ts'
import { workedText } from '../text/progress-text.ts'
import { type FilterOptions, filtering, filterOf, ONLY_NEWEST } from './dlq-filter.ts'

interface RedriveOptions extends AskOptions, FilterOptions {
  readonly reason?: string
  readonly actor: string
  readonly all: boolean
  readonly force: boolean
  readonly dryRun: boolean
  readonly yes: boolean
  /** Letters a second. */
  readonly rate: number
}

const RATE = 20
const SECOND_MS = 1_000
const EXAMPLE = `kasaga dlq redrive --dead-for unknown-definition --reason 'version 2 is deployed' --rate 50`

export function redriveCommand(dlq: Command, around: Surroundings): void {
  const command = dlq
    .command('redrive')
    .description('Put them back where they came from, oldest first: once what was wrong is mended.')
    .argument('[ids...]', 'letters, as `kasaga dlq list` names them; absent: those that the options say')
    .option('--all', 'all that were not put back yet', false)
    .option('--dry-run', 'only say which, and how many', false)
    .option('--force', 'also those that were put back already, or too often', false)
    .option('--rate <count>', 'how many a second', whole(1, 1_000), RATE)
    .option('--yes', 'do not ask first; without a terminal nobody is asked', false)
    .option('--reason <text>', 'why; kept with the letter')
    .option('--actor <name>', 'who asks; kept with the letter', around.actor)
  asking(filtering(command, around), around, EXAMPLE)
  command.action((ids: string[], options: RedriveOptions) => redrive(ids, options, around))
}

async function redrive(ids: readonly string[], options: RedriveOptions, around: Surroundings): Promise<void> {
  const asked = checked(ids, options)
  const client = clientOf(options)
  const meant = ids.length > 0 ? [...new Set(ids)] : await waiting(client, options, around)
  if (options.dryRun) {
    const text = [...meant, `${meant.length} would be put back`].join('\n')
    return writeResult(around, options, { json: { ids: meant }, text })
  }
  if (ids.length === 0) await confirmed(meant.length, options, around)
  const done = await redriveAll(client, { ...asked, ids: meant, rate: options.rate }, around)
  writeResult(around, options, { json: done, text: redriveText(done) })
  if (done.left > 0) throw new CliFailure(1, 'stopped', { message: `stopped: ${done.left} were not come to` })
  if (done.refused.length > 0)
    throw new CliFailure(1, 'not-all', { message: `${done.refused.length} were not put back` })
}

function checked(ids: readonly string[], options: RedriveOptions) {
  const { reason = '', actor, force, all, dryRun } = options
  if (ids.length === 0 && !all && Object.keys(filterOf(options)).length === 0)
    throw new CliFailure(2, 'nothing-named', {
      message: 'say which: ids, --dead-for, --fingerprint, --topic, --saga, --key, --since, --until, or --all',
    })
  if (reason.trim() === '' && !dryRun)
    throw new CliFailure(2, 'no-reason', { message: 'say why: --reason, or look first with --dry-run' })
  return { reason, actor, force }
}

/** The letters that are meant as they stand now: one that fails again is not put back again by the same call. */
async function waiting(client: HttpClient, options: RedriveOptions, around: Surroundings): Promise<readonly string[]> {
  const redriven = options.force ? 'all' : 'no'
  const { ids, total, isCut, hasOlder } = await client.deadLetterIds({ ...filterOf(options), redriven })
  if (isCut)
    around.stderr.write(`${total} are meant; these are the oldest ${LETTER_IDS_MAX}: say it again for the rest.\n`)
  if (hasOlder) around.stderr.write(`${ONLY_NEWEST}; what is older can be put back by its id.\n`)
  return ids
}

/** Says how many first; whoever sits before it may say no. */
async function confirmed(count: number, { yes, rate }: RedriveOptions, around: Surroundings): Promise<void> {
  if (yes || count === 0 || !around.confirm) return
  const seconds = Math.ceil(count / rate)
  if (await around.confirm(`${count} dead letters would be put back, ${rate} a second: about ${seconds} s. Go on?`))
    return
  throw new CliFailure(1, 'not-confirmed', { message: 'nothing was put back' })
}

interface Redrives {
  readonly ids: readonly string[]
  readonly reason: string
  readonly actor: string
  readonly force: boolean
  readonly rate: number
}

export interface RedriveEnd extends RedriveAnswer {
  /** Not come to, because it was stopped. */
  readonly left: number
}

async function redriveAll(
  client: HttpClient,
  { rate, ids, ...asked }: Redrives,
  around: Surroundings,
): Promise<RedriveEnd> {
  const redriven: RedriveAnswer['redriven'] = []
  const refused: RedriveAnswer['refused'] = []
  const stopping = around.stopping?.()
  const began = around.now()
  const atOnce = Math.min(rate, REDRIVES_AT_ONCE_MAX)
  let done = 0
  while (done < ids.length && !stopping?.stopped) {
    const answer = await client.redrive({ ...asked, ids: ids.slice(done, done + atOnce) })
    redriven.push(...answer.redriven)
    refused.push(...answer.refused)
    done = Math.min(ids.length, done + atOnce)
    const elapsedMs = around.now() - began
    if (elapsedMs > SECOND_MS)
      around.progress?.show(workedText({ done, total: ids.length, what: 'letters' }, elapsedMs))
    const due = began + (done / rate) * SECOND_MS
    if (done < ids.length)
      await Promise.race([delay(Math.max(0, due - around.now())), ...(stopping ? [stopping.wait()] : [])])
  }
  around.progress?.clear()
  return { redriven, refused, left: ids.length - done }
}
