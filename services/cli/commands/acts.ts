/** What a person asks of a saga: every act takes a reason, and says who asked. */
import { type Command, Option } from 'commander'
import type { ActAnswer, RetryAnswer } from '../../../shared/client/http-api.ts'
import type { HttpClient } from '../../../shared/client/http-client.ts'
import type { ActKind, ResolvedAs } from '../../../shared/message/client-command-record.ts'
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import { jsonOption } from '../json-option.ts'
import { timeoutOption } from '../options.ts'
import type { CliCommand, Surroundings } from '../surroundings.ts'
import { detailText } from '../text/saga-text.ts'
import { waitForSaga } from '../wait-for-saga.ts'

interface Options extends AskOptions {
  readonly reason: string
  readonly actor: string
  readonly requestId?: string
  /** Only where the act is about a step. */
  readonly step?: string
  readonly as?: ResolvedAs
  /** JSON text. */
  readonly result?: string
  readonly payload?: string
  readonly timers?: 'hold' | 'run'
  /** Nothing was done. */
  readonly notDone?: boolean
  readonly wait?: boolean
  readonly timeout: number
}

type Asked = { readonly actor: string; readonly reason: string; readonly requestId: string }

/** One act as it was called. */
interface Call {
  readonly id: string
  readonly asked: Asked
  readonly options: Options
  readonly around: Surroundings
}

interface Act {
  readonly kind: ActKind
  /** What else the command takes. */
  readonly takes?: (command: Command) => void
  readonly ask: (client: HttpClient, call: Call) => Promise<ActAnswer>
  readonly description: string
  readonly asked: string
  /** What was done beside it, to go on the line with it. */
  readonly also?: (answer: ActAnswer & Partial<RetryAnswer>) => string
  readonly example: string
}

function actCommand(act: Act): CliCommand {
  return (program, around) => {
    const command = program
      .command(act.kind)
      .description(act.description)
      .argument('<id>', 'id of the saga')
      .requiredOption('--reason <text>', 'why; kept in the history')
      .option('--actor <name>', 'who asks; kept in the history', around.actor)
    act.takes?.(command)
    command
      .option('--request-id <id>', 'repeated under the same id it has no second effect')
      .option('--wait', 'wait until the saga has ended or is stuck')
      .addOption(timeoutOption())
    asking(command, around, act.example)
    command.action(async (id: string, options: Options) => {
      const { reason, actor, requestId = around.ids.next(), timeout: timeoutMs } = options
      const client = clientOf(options)
      const answer = await act.ask(client, { id, asked: { reason, actor, requestId }, options, around })
      if (!options.wait) {
        const text = `${id} ${act.asked}${act.also?.(answer) ?? ''}; see what comes of it with: kasaga show ${id}`
        return writeResult(around, options, { json: answer, text })
      }
      const saga = await waitForSaga(client, { id, place: answer.place, timeoutMs }, around)
      writeResult(around, options, { json: saga, text: detailText(saga, { color: around.color, now: around.now() }) })
    })
  }
}

const aboutStep = (command: Command) =>
  void command.requiredOption('--step <path>', 'the step, as `kasaga show` names it')

/** A result as the command line gives it; nothing given: null. */
function resultOption(command: Command): void {
  command.option('--result <json>', 'what the step gave: JSON, @file, or @- for standard input; absent: null')
}

/** `kasaga cancel`. */
export const cancelCommand = actCommand({
  kind: 'cancel',
  description: 'Ask a saga to turn back. Refused (see its history) once its pivot is past.',
  ask: (client, { id, asked }) => client.cancel(id, asked),
  asked: 'was asked to turn back',
  example: `kasaga cancel order-1 --reason 'the customer called' --wait`,
})

/** `kasaga retry`. */
export const retryCommand = actCommand({
  kind: 'retry',
  description: 'Ask a stuck or stopped saga to go on from where it is.',
  takes: (command) => void command.option('--step <path>', 'only this step; absent: all that wait for a person'),
  ask: (client, { id, asked, options: { step } }) =>
    client.retry(id, { ...asked, ...(step === undefined ? {} : { step }) }),
  asked: 'was asked to go on',
  also: ({ putBack = 0 }) => (putBack === 0 ? '' : `, and ${putBack} dead letters of it were put back`),
  example: `kasaga retry order-1 --reason 'the carrier is back' --wait`,
})

/** `kasaga pause`. */
export const pauseCommand = actCommand({
  kind: 'pause',
  description: 'Hold a saga: nothing new is begun until it is resumed. What is under way goes on, and is heard.',
  takes: (command) => {
    const modes = ['hold', 'run']
    const says = 'whether times that come meanwhile count'
    command.addOption(new Option('--timers <mode>', says).choices(modes).default('hold'))
  },
  ask: (client, { id, asked, options: { timers = 'hold' } }) => client.pause(id, { ...asked, timers }),
  asked: 'was asked to pause',
  example: `kasaga pause order-1 --reason 'the warehouse is being counted'`,
})

/** `kasaga resume`. */
export const resumeCommand = actCommand({
  kind: 'resume',
  description: 'Let a paused saga go on. What came due meanwhile fires.',
  ask: (client, { id, asked }) => client.resume(id, asked),
  asked: 'was asked to go on',
  example: `kasaga resume order-1 --reason 'counted' --wait`,
})

/** `kasaga kill`. */
export const killCommand = actCommand({
  kind: 'kill',
  description: 'End a saga as it is, with nothing undone. An incident: for when neither retry nor cancel will do.',
  ask: (client, { id, asked }) => client.kill(id, asked),
  asked: 'was told to end as it is',
  example: `kasaga kill order-1 --reason 'the carrier is gone; refunded by hand, ticket 4711'`,
})

/** `kasaga resolve`. */
export const resolveCommand = actCommand({
  kind: 'resolve',
  description: 'Say what became of a step that waits for a person: it was undone by hand, was done, or was not.',
  takes: (command) => {
    aboutStep(command)
    const outcomes = ['undone', 'done', 'failed']
    command.addOption(new Option('--as <outcome>', 'what became of it').choices(outcomes).default('undone'))
    resultOption(command)
  },
  ask: async (client, { id, asked, around, options: { step = '', as = 'undone', result } }) => {
    const output = as === 'done' ? { output: await jsonOption('--result', result ?? 'null', around) } : {}
    return client.resolve(id, { ...asked, step, as, ...output })
  },
  asked: 'was told what became of the step',
  example: `kasaga resolve order-1 --step charge --reason 'refunded at the bank' --wait`,
})

/** `kasaga skip`. */
export const skipCommand = actCommand({
  kind: 'skip',
  description: 'Take a step as done, with a result that fits its contract. It is undone if the saga turns back.',
  takes: (command) => {
    aboutStep(command)
    resultOption(command)
    command.option('--not-done', 'nothing was done: nothing is to be undone', false)
  },
  ask: async (client, { id, asked, around, options: { step = '', result = 'null', notDone = false } }) =>
    client.skip(id, { ...asked, step, notDone, output: await jsonOption('--result', result, around) }),
  asked: 'was told to go on without the step',
  example: `kasaga skip order-1 --step ship --result '{"tracking":"T1"}' --reason 'taken there by hand' --wait`,
})

/** `kasaga edit`. */
export const editCommand = actCommand({
  kind: 'edit',
  description: 'Try a step that waits for a person again with another payload, under the same idempotency key.',
  takes: (command) => {
    aboutStep(command)
    command.requiredOption('--payload <json>', 'what its command carries: JSON, @file, or @- for standard input')
  },
  ask: async (client, { id, asked, around, options: { step = '', payload = 'null' } }) =>
    client.edit(id, { ...asked, step, payload: await jsonOption('--payload', payload, around) }),
  asked: 'was asked to go on with another payload',
  example: `kasaga edit order-1 --step ship --payload '{"to":"Bern"}' --reason 'the address was wrong' --wait`,
})
