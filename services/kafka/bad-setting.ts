/** A setting that cannot be used, by its name. */
import { OperationalError } from '../../shared/message/errors.ts'

/** What a process is told: its environment's variables. */
export type Environment = Readonly<Record<string, string | undefined>>

export function badSetting(name: string, why: string): OperationalError {
  return new OperationalError('bad-setting', `${name} ${why}`, { where: 'settings', retriable: false })
}
