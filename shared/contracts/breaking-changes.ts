/**
 * What would break if contracts were changed so, told before it is deployed. Payloads are written by orchestrators and
 * read by participants, answers the other way; both are kept, in topics, the log and inboxes, and read later by newer code.
 */
import type { JsonSchema } from './json-schema.ts'
import { type Misfit, misfits } from './misfits.ts'

export interface BreakingChange {
  /** `payment.charge.v1`, or `fulfil-order.v1`. */
  readonly contract: string
  readonly part: 'input' | 'output' | 'whole'
  /** Field, empty for the whole of the part. */
  readonly path: string
  readonly message: string
}

/** Files of schemas by their paths, as `contractFiles` makes them. */
export type SchemaFiles = ReadonlyMap<string, JsonSchema>

/** Everything in the newer contracts that those who go by the older ones could not live with. Contracts may be added. */
export function breakingChanges(older: SchemaFiles, newer: SchemaFiles): readonly BreakingChange[] {
  return [...older].flatMap(([path, before]) => {
    const contract = contractAt(path)
    if (contract === undefined) return []
    const after = newer.get(path)
    if (after === undefined) return [gone(contract, path)]
    if (path.startsWith('sagas/')) return inputBreaks(contract, before, after)
    const [old, now] = [partsOf(before), partsOf(after)]
    return [...inputBreaks(contract, old.input, now.input), ...outputBreaks(contract, old.output, now.output)]
  })
}

function contractAt(path: string): string | undefined {
  return /^(?:contracts|sagas)\/(?<name>.+?)(?:\.input)?\.json$/.exec(path)?.groups?.name
}

function partsOf({ $defs }: JsonSchema): { readonly input: JsonSchema; readonly output: JsonSchema } {
  const { input = {}, output = {} } = ($defs ?? {}) as Record<string, JsonSchema>
  return { input, output }
}

function gone(contract: string, path: string): BreakingChange {
  const message = path.startsWith('sagas/')
    ? 'the saga is gone: starts that lie in the topic name it, and those that run wait for it'
    : 'the command is gone: sagas that run may still send it'
  return { contract, part: 'whole', path: '', message }
}

/** Those who read are new, what they read was written before: in the topic, and by attempts that are sent again. */
export function inputBreaks(contract: string, before: JsonSchema, after: JsonSchema): readonly BreakingChange[] {
  return misfits(before, after).map((misfit) => ({
    contract,
    part: 'input',
    path: misfit.path,
    message: misfit.kind === 'missing' ? 'is required now, and was not' : `is narrower now: ${misfit.why}`,
  }))
}

/** Participants are deployed first, so that old orchestrators read new answers; and inboxes keep old ones for new orchestrators. */
export function outputBreaks(contract: string, before: JsonSchema, after: JsonSchema): readonly BreakingChange[] {
  const change = ({ path }: Misfit, message: string): BreakingChange => ({ contract, part: 'output', path, message })
  const forward = misfits(after, before).map((misfit) =>
    change(
      misfit,
      misfit.kind === 'missing'
        ? 'is gone, or not always there any more, and is read'
        : `is wider now: who reads it takes ${misfit.why}`,
    ),
  )
  const backward = misfits(before, after).map((misfit) =>
    change(
      misfit,
      misfit.kind === 'missing'
        ? 'is required now, and answers that are remembered lack it'
        : `is narrower now: ${misfit.why}, and answers that are remembered may be otherwise`,
    ),
  )
  return [...forward, ...backward]
}

/** `payment.charge.v1 input cents: is required now, and was not` */
export function breakText({ contract, part, path, message }: BreakingChange): string {
  const where = [contract, part === 'whole' ? '' : part, path].filter((word) => word !== '')
  return `${where.join(' ')}: ${message}`
}
