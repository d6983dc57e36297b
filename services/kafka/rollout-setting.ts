/** Shares of starts, as a setting: `fulfil-order@2=10%`, several separated by commas. */
import type { Rollout, Share } from '../../shared/saga/rollout.ts'
import { badSetting } from './bad-setting.ts'

const ENTRY = /^([a-z][A-Za-z0-9-]{0,63})@([1-9]\d{0,8})=(\d{1,3}(?:\.\d{1,2})?%)$/

/** @throws OperationalError `bad-setting` when it is not of that form. */
export function rolloutFrom(text: string): Rollout {
  const rollout: Record<string, Record<number, Share>> = {}
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue
    const [, name = '', version = '', share = ''] = ENTRY.exec(entry) ?? []
    if (name === '') throw badSetting('KASAGA_ROLLOUT', `has ${entry}, which is not name@version=share: a@2=10%`)
    rollout[name] = { ...rollout[name], [Number(version)]: share as Share }
  }
  return rollout
}
