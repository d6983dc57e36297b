/** How many records of a partition's log lie between two snapshots, as a setting. */
import { ORCHESTRATOR_LIMITS } from '../../shared/runtime/limits.ts'
import { badSetting, type Environment } from './bad-setting.ts'

/** Fewer would write more than they save. */
const SNAPSHOT_EVERY_MIN = 100

/** @throws OperationalError `bad-setting` when it is neither 0 nor such a number. */
export function snapshotEveryFrom(env: Environment): number {
  const text = env.KASAGA_SNAPSHOT_EVERY
  if (text === undefined) return ORCHESTRATOR_LIMITS.snapshotEvery
  const every = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(every) && (every === 0 || every >= SNAPSHOT_EVERY_MIN)) return every
  throw badSetting('KASAGA_SNAPSHOT_EVERY', `is a number of records from ${SNAPSHOT_EVERY_MIN}, or 0: no snapshots`)
}
