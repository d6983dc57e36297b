import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import { jsonOption } from '../json-option.ts'
import type { CliCommand } from '../surroundings.ts'

interface Options extends AskOptions {
  readonly payload: string
  readonly requestId?: string
}

/** `kasaga signal`. */
export const signalCommand: CliCommand = (program, around) => {
  const command = program
    .command('signal')
    .description('Send a signal to a saga.')
    .argument('<id>', 'id of the saga')
    .argument('<name>', 'name of the signal')
    .option('--payload <json>', 'what it carries: JSON, @file, or @- for standard input', 'null')
    .option('--request-id <id>', 'repeated under the same id it has no second effect')
  asking(command, around, `kasaga signal order-1 approved --payload '{"by":"ann"}'`)
  command.action(async (id: string, name: string, options: Options) => {
    const payload = await jsonOption('--payload', options.payload, around)
    const requestId = options.requestId ?? around.ids.next()
    const answer = await clientOf(options).signal(id, name, { payload, requestId })
    writeResult(around, options, { json: answer, text: `signal ${name} was sent to ${id}` })
  })
}
