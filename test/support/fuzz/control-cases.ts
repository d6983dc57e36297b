/** Records of the control topic, about a participant and a saga that nobody is, and whether they are of a form that is known. */
import { type ControlFact, controlRecord } from '../../../shared/message/control-record.ts'
import { H } from '../../../shared/message/headers.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import type { NewRecord } from '../../../shared/message/record.ts'
import type { Dice } from './dice.ts'
import { brokenText } from './odd-json.ts'
import { withHeader } from './record-cases.ts'

export interface ControlCase {
  readonly record: NewRecord
  readonly isUsable: boolean
}

const ABOUT = { participant: 'nobody-here', requestId: 'r-1' }
const SAGA = { sagaId: sagaId('nobody'), requestId: 'r-1', partition: 0, process: 'p-1', since: 5, why: 'a bug' }
const FACTS: readonly ControlFact[] = [
  { kind: 'limits-set', ...ABOUT, limits: { concurrency: 3 }, actor: 'a', reason: 'because' },
  { kind: 'limits-set', ...ABOUT, limits: null, actor: 'a', reason: 'because' },
  { kind: 'breaker-opened', ...ABOUT, process: 'p-1', since: 5, failures: 3, calls: 9 },
  { kind: 'breaker-closed', ...ABOUT, process: 'p-1', since: 5, failures: 3, calls: 9 },
  { kind: 'saga-stopped', ...SAGA },
  { kind: 'saga-tried-again', ...SAGA },
]

type Spoil = (record: NewRecord, dice: Dice) => NewRecord

const SPOILS: readonly Spoil[] = [
  (record, dice) => ({ ...record, value: brokenText(dice, String(record.value)).bytes }),
  (record) => ({ ...record, value: null }),
  (record, dice) => ({
    ...record,
    value: dice.pick(['[]', 'null', '"x"', '{}', '{"participant":"A b"}', '{"participant":7}', '{"sagaId":"lock:x"}']),
  }),
  (record, dice) => withHeader(record, H.type, dice.pick([undefined, 'kasaga.limits-set.v9', '', 'x'])),
  (record, dice) => withHeader(record, H.id, dice.pick([undefined, 'a b', '', new Uint8Array([0xff])])),
  (record) => ({ ...record, headers: [] }),
]

export function controlCase(dice: Dice): ControlCase {
  const record = controlRecord(dice.pick(FACTS), { at: 1, source: '/test/fuzz' })
  if (dice.chance(0.2)) return { record: { ...record, headers: [...record.headers, ['x', 'y']] }, isUsable: true }
  return { record: dice.pick(SPOILS)(record, dice), isUsable: false }
}
