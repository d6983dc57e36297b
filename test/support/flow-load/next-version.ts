/** The payments of `flow-rig` as their next version has them: the first step has another name, and one is new at the end. */
import { saga } from '../../../shared/saga/builder.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { ledger, note, pay, RETRY, till } from '../flow-rig.ts'

const next = saga('pay', { version: 2, input: pay.input })
  .migratesFrom(1, undefined, { renames: { charge: 'take' } })
  .step('take', till.charge, ({ input }) => input, { retry: RETRY, timeout: '20 s' })
  .undo(till.refund, ({ input }) => input, { retry: RETRY })
  .pivot('settle', ledger.note, ({ input }) => input)
  .step('thank', ledger.note, ({ input }) => input)
  .output(({ take }) => take)

/** The old version is gone from it. */
export const definitions = new Definitions([next, note])
