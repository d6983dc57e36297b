/** The act of one saga that a bulk act asks for. */
import type { ClientCommand } from '../../../shared/message/client-command-record.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import type { Json } from '../../../shared/message/json.ts'
import type { Bulk } from './bulk-book.ts'

/** JSON was parsed, so it is JSON; absent: null. */
const jsonOf = (value: unknown): Json => (value ?? null) as Json

/** Made again it is the same: its request id is made of the two ids. */
export function bulkCommand({ id, asked }: Pick<Bulk, 'id' | 'asked'>, saga: string): ClientCommand {
  const { act, actor, reason } = asked
  const request = { sagaId: sagaId(saga), requestId: `${id}/${saga}` }
  const by = { ...request, actor, reason }
  switch (act.kind) {
    case 'retry':
      return { kind: act.kind, ...by, step: act.step }
    case 'pause':
      return { kind: act.kind, ...by, timers: act.timers }
    case 'skip':
      return { kind: act.kind, ...by, step: act.step, output: jsonOf(act.output), notDone: act.notDone }
    case 'resolve': {
      const output = act.as === 'done' ? { output: jsonOf(act.output) } : {}
      return { kind: act.kind, ...by, step: act.step, as: act.as, ...output }
    }
    case 'signal': {
      const { name, payload, roles = [] } = act
      return { kind: act.kind, ...request, name, payload: jsonOf(payload), actor, roles }
    }
    default:
      return { kind: act.kind, ...by }
  }
}
