import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import type { CliCommand } from '../surroundings.ts'
import { roleOption } from './signal.ts'

interface Options extends AskOptions {
  readonly answer: string
  readonly actor: string
  readonly role: readonly string[]
  readonly comment?: string
  readonly requestId?: string
}

/** `kasaga approve`. */
export const approveCommand: CliCommand = (program, around) => {
  const command = program
    .command('approve')
    .description('Answer an approval that a saga waits for. Refused (a dead letter) without a role that it asks for.')
    .argument('<id>', 'id of the saga')
    .argument('<name>', 'name of the approval')
    .requiredOption('--answer <word>', 'one of the answers that the definition names')
    .option('--actor <name>', 'who answers; kept in the history', around.actor)
    .addOption(roleOption())
    .option('--comment <text>', 'kept with the answer')
    .option('--request-id <id>', 'repeated under the same id it has no second effect')
  asking(command, around, `kasaga approve order-1 release --answer yes --role manager --comment 'checked by phone'`)
  command.action(async (id: string, name: string, options: Options) => {
    const { answer, comment, actor, role: roles, requestId = around.ids.next() } = options
    const payload = { answer, by: actor, ...(comment !== undefined && { comment }) }
    const sent = await clientOf(options).signal(id, name, { payload, actor, roles, requestId })
    const text = `the answer ${answer} to ${name} was sent to ${id}; see what comes of it with: kasaga show ${id}`
    writeResult(around, options, { json: sent, text })
  })
}
