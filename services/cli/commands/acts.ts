/** What a person asks of a saga: both acts take a reason, and say who asked. */
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import { timeoutOption } from '../options.ts'
import type { CliCommand } from '../surroundings.ts'
import { detailText } from '../text/saga-text.ts'
import { waitForSaga } from '../wait-for-saga.ts'

interface Options extends AskOptions {
  readonly reason: string
  readonly actor: string
  readonly requestId?: string
  readonly wait?: boolean
  readonly timeout: number
}

interface Act {
  readonly kind: 'cancel' | 'retry'
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
      .option('--request-id <id>', 'repeated under the same id it has no second effect')
      .option('--wait', 'wait until the saga has ended or is stuck')
      .addOption(timeoutOption())
    asking(command, around, act.example)
    command.action(async (id: string, options: Options) => {
      const { reason, actor, requestId = around.ids.next(), timeout: timeoutMs } = options
      const client = clientOf(options)
      const answer = await client[act.kind](id, { reason, actor, requestId })
      if (!options.wait) {
        const text = `${id} was asked to ${act.asked}; see what comes of it with: kasaga show ${id}`
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
  asked: 'turn back',
  example: `kasaga cancel order-1 --reason 'the customer called' --wait`,
})

/** `kasaga retry`. */
export const retryCommand = actCommand({
  kind: 'retry',
  description: 'Ask a stuck saga to go on from where it is stuck.',
  asked: 'go on',
  example: `kasaga retry order-1 --reason 'the carrier is back' --wait`,
})
