/** The chain in which a saga is written: typed from the input to the last step, undo beside do, plain data at the end. */
import type { ZodType } from 'zod'
import type { Json } from '../message/json.ts'
import { isPriority, PRIORITY_MAX } from '../message/priority.ts'
import { type AttributeSpecs, attributeFaults } from './attributes.ts'
import type { BeforeOwnPivot } from './builder/before-pivot.ts'
import { Chain } from './builder/chain.ts'
import type { MigrationWords, SagaOptions } from './builder/options.ts'
import type { NoSteps, Whole } from './builder/seen.ts'
import { isName } from './check-names.ts'
import type { Definition, MigratedFrom, MigratedTo, SignalSpec } from './definition.ts'
import { emptyDraft } from './plan.ts'

export type { Inner, InnerPast } from './builder/blocks.ts'
export type { Approval, Last, SagaOptions, StepOptions } from './builder/options.ts'

/** Declares a signal that sagas can wait for. @throws TypeError when the name is none. */
export function signal<Payload>(name: string, payload: ZodType<Payload>): SignalSpec<Payload> {
  checkName(name)
  return { name, payload }
}

/**
 * Begins a saga's definition.
 *
 *     saga('fulfil-order', { version: 1, input: Order })
 *       .step('charge', payment.charge, ({ input }) => ({ orderId: input.id, cents: input.cents }))
 *       .undo(payment.refund, ({ input, charge }) => ({ orderId: input.id, chargeId: charge?.chargeId }))
 *       .end()
 *
 * @throws TypeError when a name, version, policy or duration makes no sense; at its end, when the plan makes none.
 */
export function saga<Input>(name: string, options: SagaOptions<Input>): Beginning<Input> {
  checkName(name)
  const { version, input, deadline, compensation = 'parallel', attributes, priority } = options
  if (!Number.isInteger(version) || version < 1) throw new TypeError(`saga ${name}: versions count from 1`)
  const fault = attributeFaults(Object.keys(attributes ?? {}))[0]
  if (fault !== undefined) throw new TypeError(`saga ${name}: ${fault}`)
  if (priority !== undefined && !isPriority(priority))
    throw new TypeError(`saga ${name}: the priority is a whole number from 0 to ${PRIORITY_MAX}, 9 first`)
  const specs = attributes && { attributes: attributes as AttributeSpecs }
  const head = { name, version, input, deadline, compensation, ...specs, ...(priority !== undefined && { priority }) }
  const chain = new Chain(emptyDraft('compensatable'), head)
  // The chain is written once, and typed for each place in it: the types are the checked half of the pair.
  return chain as unknown as Beginning<Input>
}

/** A saga of which no step has been said yet: here it says from which other versions sagas may be moved to it. */
export interface Beginning<Input> extends BeforeOwnPivot<Whole<Input>, unknown, NoSteps> {
  /**
   * How a saga of another version comes over: with the input and the outputs that the function makes of its own. Given
   * the old definition, its types are known, and what a step had to undo.
   */
  migratesFrom<Old = Json>(
    from: number | Definition<Old>,
    map?: (state: MigratedFrom<Old>) => MigratedTo<Input>,
    words?: MigrationWords,
  ): Beginning<Input>
}

function checkName(name: string): void {
  if (!isName(name))
    throw new TypeError(`not a name: ${JSON.stringify(name)}; letters, digits and -, a small letter first`)
}
