import { Option } from 'commander'
import { PRIORITY_MAX } from '../../../shared/message/priority.ts'
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import { jsonOption } from '../json-option.ts'
import { timeoutOption, whole } from '../options.ts'
import type { CliCommand } from '../surroundings.ts'
import { detailText } from '../text/saga-text.ts'
import { expectCompleted, waitForSaga } from '../wait-for-saga.ts'

interface Options extends AskOptions {
  readonly id?: string
  readonly key?: string
  readonly version?: number
  readonly priority?: number
  readonly input: string
  readonly wait?: boolean
  readonly timeout: number
}

/** `kasaga start`. */
export const startCommand: CliCommand = (program, around) => {
  const command = program
    .command('start')
    .description('Start a saga. The same id and input again is the same saga.')
    .argument('<definition>', 'name of the definition')
    .requiredOption('--input <json>', 'its input: JSON, @file, or @- for standard input')
    .option('--id <id>', 'its id; made up when absent')
    .addOption(new Option('--key <key>', 'a business key: the id is made of the definition and it').conflicts('id'))
    .option('--version <n>', 'version of the definition; the newest when absent', whole(1))
    .option('--priority <n>', '0 to 9, 9 first; what the definition says when absent', whole(0, PRIORITY_MAX))
    .option('--wait', 'wait until it has ended or is stuck; exit 0 only when it completed')
    .addOption(timeoutOption())
  asking(command, around, `kasaga start fulfil-order --id order-1 --input @order.json --wait`)
  command.action(async (definition: string, options: Options) => {
    const client = clientOf(options)
    const input = await jsonOption('--input', options.input, around)
    const { version, priority, key } = options
    const named = key === undefined ? { id: options.id ?? around.ids.next() } : { key }
    const said = { ...(version !== undefined && { version }), ...(priority !== undefined && { priority }) }
    const started = await client.start({ ...named, definition, input, ...said })
    if (!options.wait) return writeResult(around, options, { json: started, text: started.id })
    const wanted = { id: started.id, place: started.place, timeoutMs: options.timeout }
    const saga = await waitForSaga(client, wanted, around)
    writeResult(around, options, { json: saga, text: detailText(saga, { color: around.color, now: around.now() }) })
    expectCompleted(saga, around)
  })
}
