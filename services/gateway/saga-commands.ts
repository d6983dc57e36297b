/** The commands of a saga, with their answers, from its history in the views. */
import type { SagaId } from '../../shared/message/ids.ts'
import { SagaCommands, type SentCommandRow } from '../../shared/view/saga-commands.ts'
import { envelopeOf, type History, ORIGIN_EVENTS_MAX, PAGE_EVENTS } from './origin-history.ts'
import { Problem } from './problem.ts'

export interface CommandPage {
  readonly commands: readonly SentCommandRow[]
  /** Whether more were sent after them. */
  readonly more: boolean
}

/**
 * Those that were sent after that event. It is read on until all of them are answered, or there is nothing more to read.
 * @throws Problem `saga-quarantined` where an event cannot be read, `history-too-long` past so many events.
 */
export async function commandsOf(
  id: SagaId,
  { reads, broker }: History,
  page: { readonly after: number; readonly limit: number },
): Promise<CommandPage> {
  const { after, limit } = page
  const found = new SagaCommands()
  for (let seq = after; seq - after < ORIGIN_EVENTS_MAX; seq += PAGE_EVENTS) {
    const rows = await reads.events(id, seq, PAGE_EVENTS)
    for (const row of rows) found.take(await envelopeOf(row, broker))
    const commands = found.all.slice(0, limit)
    const more = found.all.length > limit
    const isKnown = more && commands.every(({ outcome }) => outcome !== null && outcome !== 'timeout')
    if (rows.length < PAGE_EVENTS || isKnown) return { commands, more }
  }
  const why = `saga ${id} has more than ${ORIGIN_EVENTS_MAX} events: what was answered is too much to be read here`
  throw new Problem(422, 'history-too-long', why)
}
