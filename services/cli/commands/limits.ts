/** `kasaga limits list|set|clear`: how hard participants may be asked. */
import { type Command, InvalidArgumentError } from 'commander'
import { limitsFault, type ParticipantLimits } from '../../../shared/flow/limits.ts'
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import { CliFailure } from '../failure.ts'
import { duration, whole } from '../options.ts'
import type { CliCommand, Surroundings } from '../surroundings.ts'
import { limitsListText, limitsText } from '../text/participant-text.ts'

interface Options extends AskOptions {
  readonly reason: string
  readonly actor: string
  readonly requestId?: string
  readonly concurrency?: number
  readonly rate?: number
  readonly burst?: number
  readonly keyConcurrency?: number
  readonly keyRate?: number
  /** `false`: off. */
  readonly breaker?: boolean
  readonly failureRate?: number
  readonly minimumCalls?: number
  readonly window?: number
  readonly open?: number
  readonly probes?: number
}

const LIMIT_MAX = 1_000_000

function number(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new InvalidArgumentError('a number is wanted')
}

const given = <T extends object>(values: T): { [Name in keyof T]?: NonNullable<T[Name]> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never

/** What the options say, as data; what is not said is not limited. */
function limitsOf(options: Options): ParticipantLimits {
  const { concurrency, rate, burst, keyConcurrency, keyRate, failureRate, minimumCalls, window, open, probes } = options
  const perKey = given({ concurrency: keyConcurrency, ratePerSecond: keyRate })
  const breaker = given({ failureRate, minimumCalls, windowMs: window, openMs: open, probes })
  return {
    ...given({ concurrency, ratePerSecond: rate, burst }),
    ...(Object.keys(perKey).length > 0 && { perKey }),
    ...(options.breaker === false ? { breaker: 'off' } : Object.keys(breaker).length > 0 && { breaker }),
  }
}

function changing(command: Command, around: Surroundings, example: string): Command {
  command
    .argument('<participant>', 'name of the participant')
    .requiredOption('--reason <text>', 'why; kept with the limits')
    .option('--actor <name>', 'who asks; kept with the limits', around.actor)
    .option('--request-id <id>', 'repeated under the same id it is the same change')
  return asking(command, around, example)
}

const askedOf = ({ reason, actor, requestId }: Options, around: Surroundings) => {
  return { reason, actor, requestId: requestId ?? around.ids.next() }
}

function setCommand(limits: Command, around: Surroundings): void {
  const command = limits
    .command('set')
    .description('Say how hard a participant may be asked, in place of all that was said before.')
    .option('--concurrency <n>', 'calls under way at one time', whole(1, LIMIT_MAX))
    .option('--rate <n>', 'calls a second', number)
    .option('--burst <n>', 'calls that may go at once after a pause', whole(1, LIMIT_MAX))
    .option('--key-concurrency <n>', 'calls under way at one time, of each limit key', whole(1, LIMIT_MAX))
    .option('--key-rate <n>', 'calls a second, of each limit key', number)
    .option('--no-breaker', 'send however many calls fail')
    .option('--failure-rate <share>', 'share of failed calls at which the breaker opens: 0.5', number)
    .option('--minimum-calls <n>', 'fewer calls than this in the window say nothing', whole(1, LIMIT_MAX))
    .option('--window <duration>', 'in which calls are counted', duration)
    .option('--open <duration>', 'how long nothing is sent after it opened', duration)
    .option('--probes <n>', 'calls that have to work before it closes', whole(1, 1_000))
  changing(command, around, `kasaga limits set payment --rate 200 --concurrency 50 --reason 'agreed with the bank'`)
  command.action(async (participant: string, options: Options) => {
    const wanted = limitsOf(options)
    const fault = limitsFault(wanted)
    if (fault !== undefined)
      throw new CliFailure(2, 'bad-limits', {
        message: `the limits cannot be used: ${fault}`,
        next: 'Name at least one limit, as --rate 200; take all of them away with kasaga limits clear',
      })
    const answer = await clientOf(options).setLimits(participant, wanted, askedOf(options, around))
    const text = `${participant}: ${limitsText({ limits: wanted as never })}; see what comes of it with: kasaga participants ${participant}`
    writeResult(around, options, { json: answer, text })
  })
}

function clearCommand(limits: Command, around: Surroundings): void {
  const command = limits.command('clear').description('Take the limits of a participant away; its breaker stays.')
  changing(command, around, `kasaga limits clear payment --reason 'the sale is over'`)
  command.action(async (participant: string, options: Options) => {
    const answer = await clientOf(options).clearLimits(participant, askedOf(options, around))
    writeResult(around, options, { json: answer, text: `${participant}: no limits any more` })
  })
}

function listCommand(limits: Command, around: Surroundings): void {
  const command = limits.command('list').description('List what is set, by whom and why.')
  asking(command, around, 'kasaga limits list')
  command.action(async (options: AskOptions) => {
    const { participants } = await clientOf(options).participants()
    const set = participants.filter(({ limits }) => limits !== null)
    const eyes = { color: around.color, now: around.now() }
    if (set.length === 0 && !options.json) around.stderr.write('No participant has limits.\n')
    else writeResult(around, options, { json: { participants: set }, text: limitsListText(set, eyes) })
  })
}

/** `kasaga limits`. */
export const limitsCommand: CliCommand = (program, around) => {
  const limits = program.command('limits').description('See and set how hard participants may be asked.')
  listCommand(limits, around)
  setCommand(limits, around)
  clearCommand(limits, around)
}
