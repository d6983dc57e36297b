import type { Json } from '../../../shared/message/json.ts'
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import { jsonOption } from '../json-option.ts'
import { whole } from '../options.ts'
import type { CliCommand, Surroundings } from '../surroundings.ts'

interface Options extends AskOptions {
  readonly from: string
  readonly id?: string
  readonly input?: string
  readonly version?: number
  readonly reason: string
  readonly actor: string
  readonly requestId?: string
}

/** `kasaga fork`. */
export const forkCommand: CliCommand = (program, around) => {
  const command = program
    .command('fork')
    .description('Start a new saga that goes on from a step of another one, with what that one has done before it.')
    .argument('<saga>', 'id of the saga that it comes from')
    .requiredOption('--from <step>', "the step to go on from: one of the saga's own plan")
    .requiredOption('--reason <text>', 'why; kept in the history')
    .option('--actor <name>', 'who asks; kept in the history', around.actor)
    .option('--id <id>', 'id of the new saga; made up when absent')
    .option('--input <json>', "another input: JSON, @file, or @- for standard input; absent: the saga's own")
    .option('--version <n>', "version of the definition; absent: the saga's own", whole(1))
    .option('--request-id <id>', 'repeated under the same id it has no second effect')
  asking(command, around, `kasaga fork order-1 --from charge --reason 'the carrier was changed'`)
  command.action(async (id: string, options: Options) => {
    const { from: step, reason, actor, version, id: fork, requestId = around.ids.next() } = options
    const input = await otherInput(options, around)
    const named = { ...(fork !== undefined && { fork }), ...(version !== undefined && { version }) }
    const answer = await clientOf(options).fork(id, { step, reason, actor, requestId, ...named, ...input })
    const text = `${answer.fork} is to go on from ${step} of ${id}; see what comes of it with: kasaga show ${answer.fork}`
    writeResult(around, options, { json: answer, text })
  })
}

async function otherInput({ input }: Options, around: Surroundings): Promise<{ readonly input?: Json }> {
  return input === undefined ? {} : { input: await jsonOption('--input', input, around) }
}
