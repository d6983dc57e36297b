/** What a saga was sent while nothing was decided for it: dead letters, which are put back when it is tried again. */
import { LETTERS_SCANNED, REDRIVES_AT_ONCE_MAX } from '../../../shared/client/dead-letter-api.ts'
import type { PersonsAct } from '../../../shared/message/client-command-record.ts'
import { placeText } from '../../../shared/message/redrive.ts'
import type { Clock } from '../../../shared/ports/clock.ts'
import { newestLetters } from './letter-scan.ts'
import { type RedrivePorts, redrive } from './redrive.ts'

/**
 * Puts them back in the order in which they came, those of the newest records; answers how many there were. One that was put
 * back too often stays: `kasaga dlq` tells of it.
 */
export async function putBackLeftOver(
  ports: RedrivePorts & { readonly clock: Clock },
  { sagaId, actor, reason }: PersonsAct,
): Promise<number> {
  const { broker, topics, clock } = ports
  const ids: string[] = []
  const scan = { recordsMax: LETTERS_SCANNED, order: 'oldest' } as const
  for await (const { letters } of newestLetters({ broker, topic: topics.deadLetters }, scan))
    for (const { key, reason: why, redriven, place } of letters)
      if (key === sagaId && why === 'saga-quarantined' && !redriven && ids.length < REDRIVES_AT_ONCE_MAX)
        ids.push(placeText(place))
  if (ids.length === 0) return 0
  const done = await redrive(ports, { ids, force: false, actor, reason, at: clock.now() })
  return done.filter((one) => 'place' in one).length
}
