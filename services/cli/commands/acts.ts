/** What a person asks of a saga: every act takes a reason, and says who asked. */
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import { timeoutOption } from '../options.ts'
import type { CliCommand } from '../surroundings.ts'
import { detailText } from '../text/saga-text.ts'
import { waitForSaga } from '../wait-for-saga.ts'

interface Options extends AskOptions {
  readonly reason: string
  readonly actor: string
  readonly requestId?: string
  /** Only where the act is about a step. */
  readonly step?: string
  readonly wait?: boolean
  readonly timeout: number
}

interface Act {
  readonly kind: 'cancel' | 'retry' | 'kill' | 'resolve'
  readonly description: string
  readonly asked: string
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
    if (act.kind === 'resolve') command.requiredOption('--step <path>', 'the step, as `kasaga show` names it')
    command
      .option('--request-id <id>', 'repeated under the same id it has no second effect')
      .option('--wait', 'wait until the saga has ended or is stuck')
      .addOption(timeoutOption())
    asking(command, around, act.example)
    command.action(async (id: string, options: Options) => {
      const { reason, actor, requestId = around.ids.next(), step = '', timeout: timeoutMs } = options
      const client = clientOf(options)
      const asked = { reason, actor, requestId }
      const answer = await (act.kind === 'resolve'
        ? client.resolve(id, { ...asked, step })
        : client[act.kind](id, asked))
      if (!options.wait) {
        const text = `${id} ${act.asked}; see what comes of it with: kasaga show ${id}`
        return writeResult(around, options, { json: answer, text })
      }
      const saga = await waitForSaga(client, { id, place: answer.place, timeoutMs }, around)
      writeResult(around, options, { json: saga, text: detailText(saga, { color: around.color, now: around.now() }) })
    })
  }
}

/** `kasaga cancel`. */
export const cancelCommand = actCommand({
  kind: 'cancel',
  description: 'Ask a saga to turn back. Refused (see its history) once its pivot is past.',
  asked: 'was asked to turn back',
  example: `kasaga cancel order-1 --reason 'the customer called' --wait`,
})

/** `kasaga retry`. */
export const retryCommand = actCommand({
  kind: 'retry',
  description: 'Ask a stuck saga to go on from where it is stuck.',
  asked: 'was asked to go on',
  example: `kasaga retry order-1 --reason 'the carrier is back' --wait`,
})

/** `kasaga kill`. */
export const killCommand = actCommand({
  kind: 'kill',
  description: 'End a saga as it is, with nothing undone. An incident: for when neither retry nor cancel will do.',
  asked: 'was told to end as it is',
  example: `kasaga kill order-1 --reason 'the carrier is gone; refunded by hand, ticket 4711'`,
})

/** `kasaga resolve`. */
export const resolveCommand = actCommand({
  kind: 'resolve',
  description: 'Say that a step which waits for a person was undone by hand.',
  asked: 'was told that the step is undone',
  example: `kasaga resolve order-1 --step charge --reason 'refunded at the bank' --wait`,
})
