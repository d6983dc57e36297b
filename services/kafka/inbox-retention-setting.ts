import type { ParticipantOptions } from '../../shared/participant/participant-service.ts'
import { type Duration, durationMs } from '../../shared/saga/duration.ts'
import { badSetting } from './bad-setting.ts'

export type InboxRetention = NonNullable<ParticipantOptions<never>['inboxRetention']>

/** KASAGA_INBOX_RETENTION: `60 days`, or `forever`. @throws OperationalError `bad-setting` */
export function inboxRetentionFrom(text: string): InboxRetention {
  if (text === 'forever') return text
  try {
    return durationMs(text as Duration)
  } catch {
    throw badSetting('KASAGA_INBOX_RETENTION', 'is neither a duration, as "60 days", nor "forever"')
  }
}
