import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import type { CliCommand } from '../surroundings.ts'
import { detailText } from '../text/saga-text.ts'

/** `kasaga show`. */
export const showCommand: CliCommand = (program, around) => {
  const command = program
    .command('show')
    .description('Show a saga with its steps, and what can be done where it is stuck.')
    .argument('<id>', 'id of the saga')
  asking(command, around, 'kasaga show order-1')
  command.action(async (id: string, options: AskOptions) => {
    const saga = await clientOf(options).show(id)
    writeResult(around, options, { json: saga, text: detailText(saga, { color: around.color, now: around.now() }) })
  })
}
