/** How many sagas of a partition may live at a time, as a setting: all of them are in memory. */
import { ORCHESTRATOR_LIMITS } from '../../shared/runtime/limits.ts'
import { badSetting, type Environment } from './bad-setting.ts'

/** Fewer than one turn takes would make it begin what then waits. */
const LIVE_SAGAS_MIN = ORCHESTRATOR_LIMITS.turnInputsMax
/** More than a process' memory could hold, however small they are. */
const LIVE_SAGAS_MOST = 10_000_000

/** @throws OperationalError `bad-setting` when it is no such number. */
export function liveSagasMaxFrom(env: Environment): number {
  const text = env.KASAGA_LIVE_SAGAS_MAX
  if (text === undefined) return ORCHESTRATOR_LIMITS.liveSagasMax
  const max = Number(text)
  if (/^\d+$/.test(text) && max >= LIVE_SAGAS_MIN && max <= LIVE_SAGAS_MOST) return max
  throw badSetting('KASAGA_LIVE_SAGAS_MAX', `is a number of sagas from ${LIVE_SAGAS_MIN} to ${LIVE_SAGAS_MOST}`)
}
