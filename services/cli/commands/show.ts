import { COMMANDS_LIMIT_MAX, type CommandAnswer, type CommandList } from '../../../shared/client/command-api.ts'
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import type { CliCommand } from '../surroundings.ts'
import { commandsText } from '../text/command-text.ts'
import { detailText } from '../text/saga-text.ts'

interface ShowOptions extends AskOptions {
  readonly commands: boolean
}

/** `kasaga show`. */
export const showCommand: CliCommand = (program, around) => {
  const command = program
    .command('show')
    .description('Show a saga with its steps, and what can be done where it is stuck.')
    .argument('<id>', 'id of the saga')
    .option('--commands', 'also each attempt of a command, with what was answered', false)
  asking(command, around, 'kasaga show order-1')
  command.action(async (id: string, options: ShowOptions) => {
    const client = clientOf(options)
    const saga = await client.show(id)
    const eyes = { color: around.color, now: around.now() }
    const text = detailText(saga, eyes)
    if (!options.commands) return writeResult(around, options, { json: saga, text })
    const commands: CommandAnswer[] = []
    for (let after: number | null = 0; after !== null; ) {
      const page: CommandList = await client.commands(id, { after, limit: COMMANDS_LIMIT_MAX })
      commands.push(...page.commands)
      after = page.next
    }
    const table = commands.length === 0 ? 'No command was sent.' : commandsText(commands, eyes)
    writeResult(around, options, { json: { ...saga, commands }, text: `${text}\n\n${table}` })
  })
}
