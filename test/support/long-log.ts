/** A log of one partition that takes a while to project. */
import type { LogRecord } from '../../shared/message/record.ts'
import { ENDINGS, fabricateLog, order } from './fabricate-log.ts'

export function longLog(batches = 2_000): LogRecord[] {
  const turns = Array.from({ length: batches }, (_, batch) =>
    Array.from({ length: 4 }, (_, i) => order(`order-${batch}-${i}`, ENDINGS[i] ?? 'running')).flat(),
  )
  return fabricateLog(turns)
}
