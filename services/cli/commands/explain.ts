import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import type { CliCommand } from '../surroundings.ts'
import { explainText } from '../text/explain-text.ts'

/** `kasaga explain`. */
export const explainCommand: CliCommand = (program, around) => {
  const command = program
    .command('explain')
    .description('Say what a saga waits for, what holds that up, what comes next, and what a cancel would undo.')
    .argument('<id>', 'id of the saga')
  asking(command, around, 'kasaga explain order-1')
  command.action(async (id: string, options: AskOptions) => {
    const told = await clientOf(options).explain(id)
    writeResult(around, options, { json: told, text: explainText(told, { color: around.color, now: around.now() }) })
  })
}
