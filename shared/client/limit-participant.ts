/** Says how hard a participant may be asked: a record on the control topic, which every orchestrator follows. */
import { limitsFault, type ParticipantLimits } from '../flow/limits.ts'
import { ACTOR_CHARS_MAX, REASON_CHARS_MAX } from '../message/client-command-reader.ts'
import { controlRecord, isParticipantName } from '../message/control-record.ts'
import { isRequestId, REQUEST_ID_CHARS_MAX } from '../message/ids.ts'
import type { Json } from '../message/json.ts'
import type { Broker } from '../ports/broker.ts'
import type { Clock, Ids } from '../ports/clock.ts'
import { appendCommands } from './append-commands.ts'
import type { Place } from './place.ts'

export interface LimitRequest {
  readonly actor: string
  readonly reason: string
  /** Repeated under the same id it is the same fact; absent: a new one. */
  readonly requestId?: string
}

export interface LimitPorts {
  readonly broker: Broker
  readonly clock: Clock
  readonly ids: Ids
  /** The control topic. */
  readonly topic: string
  readonly source: string
}

/**
 * Sets the limits of a participant, in place of all that were set before; `null` takes them away. At least once; the last
 * one in the topic holds, and orchestrators know of it within a second.
 * @throws TypeError when the name or the limits can be none.
 */
export async function limitParticipant(
  { broker, clock, ids, topic, source }: LimitPorts,
  participant: string,
  { limits, actor, reason, requestId = ids.next() }: LimitRequest & { readonly limits: ParticipantLimits | null },
): Promise<Place> {
  const fault = limits === null ? undefined : limitsFault(limits)
  if (fault !== undefined) throw new TypeError(`the limits of ${participant}: ${fault}`)
  if (!isParticipantName(participant))
    throw new TypeError(`${participant} is no participant's name: small letters, digits and -, a letter first`)
  if (!isRequestId(requestId))
    throw new TypeError(`a request id has 1 to ${REQUEST_ID_CHARS_MAX} characters of A-Z a-z 0-9 . _ : - / [ ]`)
  if (actor.length > ACTOR_CHARS_MAX || reason.length > REASON_CHARS_MAX)
    throw new TypeError(`an actor has at most ${ACTOR_CHARS_MAX} characters, a reason ${REASON_CHARS_MAX}`)
  const fact = { kind: 'limits-set', participant, requestId, limits: limits as Json, actor, reason } as const
  const record = controlRecord(fact, { at: clock.now(), source })
  const [place] = await appendCommands({ broker, clock }, topic, [{ partition: 0, record }])
  if (!place) throw new TypeError('an append of one record answers one place')
  return place
}
