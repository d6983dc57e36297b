import type { EventAnswer } from '../../../shared/client/http-api.ts'
import type { HttpClient } from '../../../shared/client/http-client.ts'
import { type AskOptions, asking, clientOf, writeResult } from '../ask.ts'
import type { CliCommand } from '../surroundings.ts'
import { historyText } from '../text/saga-text.ts'

/** Pages of 500 events that are read for one saga; a saga has far fewer. */
const PAGES_MAX = 200
const PAGE_EVENTS = 500

async function allEvents(client: HttpClient, id: string): Promise<EventAnswer[]> {
  const events: EventAnswer[] = []
  let after = 0
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page = await client.history(id, { after, limit: PAGE_EVENTS })
    events.push(...page.events)
    if (page.next === null) break
    after = page.next
  }
  return events
}

/** `kasaga history`. */
export const historyCommand: CliCommand = (program, around) => {
  const command = program
    .command('history')
    .description('Show the events of a saga, with their places (partition/offset) in the log.')
    .argument('<id>', 'id of the saga')
  asking(command, around, 'kasaga history order-1 --json')
  command.action(async (id: string, options: AskOptions) => {
    const events = await allEvents(clientOf(options), id)
    writeResult(around, options, {
      json: { id, events },
      text: historyText(events, { color: around.color, now: around.now() }),
    })
  })
}
