/** `kasaga locks`: who holds them and who waits, and a person who takes one away. */
import type { LockAnswer } from '../../../shared/client/http-api.ts'
import { LOCKS_LIMIT_MAX } from '../../../shared/client/http-api.ts'
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import { whole } from '../options.ts'
import type { CliCommand } from '../surroundings.ts'
import { locksText, lockText } from '../text/lock-text.ts'

interface ListOptions extends AskOptions {
  readonly limit: number
  readonly after?: string
}

interface FreeOptions extends AskOptions {
  readonly saga: string
  readonly reason: string
  readonly actor: string
  readonly requestId?: string
}

const LIMIT = 50

/** `kasaga locks`, `kasaga locks show <resource>` and `kasaga locks free <resource>`. */
export const locksCommand: CliCommand = (program, around) => {
  const locks = program.command('locks').description('Locks that sagas hold or wait for.')
  const list = locks
    .command('list', { isDefault: true })
    .description('List the locks that are held or waited for, or show one.')
    .argument('[resource]', 'what the lock is for; absent: all that somebody holds or waits for')
    .option('--limit <n>', `how many, at most ${LOCKS_LIMIT_MAX}`, whole(1, LOCKS_LIMIT_MAX), LIMIT)
    .option('--after <resource>', 'go on where a page ended')
  asking(list, around, 'kasaga locks sku:123')
  list.action(async (resource: string | undefined, options: ListOptions) => {
    const eyes = { color: around.color, now: around.now() }
    const client = clientOf(options)
    if (resource !== undefined) {
      const lock: LockAnswer = await client.lock(resource)
      return writeResult(around, options, { json: lock, text: lockText(lock, eyes) })
    }
    const { limit, after } = options
    const page = await client.locks({ limit, ...(after !== undefined && { after }) })
    if (page.locks.length === 0 && !options.json) around.stderr.write('No saga holds a lock or waits for one.\n')
    else writeResult(around, options, { json: page, text: locksText(page.locks, eyes) })
    if (page.next !== null && !options.json) around.stderr.write(`There are more: --after '${page.next}'\n`)
  })
  const free = locks
    .command('free')
    .description('Take a lock away from a saga. The saga does not know: only participants that look at tokens do.')
    .argument('<resource>', 'what the lock is for')
    .requiredOption('--saga <id>', 'the saga that holds it, or waits for it')
    .requiredOption('--reason <text>', 'why; kept in the log')
    .option('--actor <name>', 'who asks; kept in the log', around.actor)
    .option('--request-id <id>', 'repeated under the same id it has no second effect')
  asking(free, around, `kasaga locks free sku:123 --saga order-1 --reason 'the saga hangs, ticket 4711'`)
  free.action(async (resource: string, options: FreeOptions) => {
    const { saga, reason, actor, requestId = around.ids.next() } = options
    const answer = await clientOf(options).freeLock(resource, { saga, reason, actor, requestId })
    const text = `${resource} was asked to be taken away from ${saga}; see what comes of it with: kasaga locks ${resource}`
    writeResult(around, options, { json: answer, text })
  })
}
