import { Option } from 'commander'
import type { SagaRef } from '../../../shared/client/http-client.ts'
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import { CliFailure } from '../failure.ts'
import { jsonOption } from '../json-option.ts'
import type { CliCommand } from '../surroundings.ts'

interface Options extends AskOptions {
  readonly type?: string
  readonly key?: string
  readonly payload: string
  readonly actor: string
  readonly role: readonly string[]
  readonly requestId?: string
}

/** `--role`, as often as wanted. */
export function roleOption(): Option {
  const gather = (role: string, before: readonly string[]) => [...before, role]
  return new Option('--role <name>', 'a role of the one who sends it; may be said again').argParser(gather).default([])
}

/** The saga, by id or by key, and the name of the signal, which is the last word. */
function addressed(words: readonly string[], { type, key }: Options): { saga: SagaRef; name: string } {
  const [first, second] = words
  if (type === undefined && key === undefined && first !== undefined && second !== undefined)
    return { saga: first, name: second }
  if (type !== undefined && key !== undefined && first !== undefined && second === undefined)
    return { saga: { definition: type, key }, name: first }
  throw new CliFailure(2, 'bad-usage', {
    message: 'a signal needs a saga and a name',
    next: 'Say kasaga signal <id> <name>, or kasaga signal --type <definition> --key <key> <name>',
  })
}

/** `kasaga signal`. */
export const signalCommand: CliCommand = (program, around) => {
  const command = program
    .command('signal')
    .description('Send a signal to a saga, by its id or by the business key that it was started under.')
    .usage('<id> <name> | --type <definition> --key <key> <name>')
    .argument('<words...>', 'id of the saga (not with --key), and name of the signal')
    .option('--type <definition>', 'with --key: name of the definition')
    .option('--key <key>', 'the business key of the saga')
    .option('--payload <json>', 'what it carries: JSON, @file, or @- for standard input', 'null')
    .option('--actor <name>', 'who sends it: looked at where it answers an approval', around.actor)
    .addOption(roleOption())
    .option('--request-id <id>', 'repeated under the same id it has no second effect')
  asking(command, around, `kasaga signal order-1 approved --payload '{"by":"ann"}'`)
  command.action(async (words: readonly string[], options: Options) => {
    const { saga, name } = addressed(words, options)
    const payload = await jsonOption('--payload', options.payload, around)
    const { requestId = around.ids.next(), actor, role: roles } = options
    const answer = await clientOf(options).signal(saga, name, { payload, actor, roles, requestId })
    writeResult(around, options, { json: answer, text: `signal ${name} was sent to ${answer.id}` })
  })
}
