/** What is planted to be found. */
import type { Definition } from '../../../../shared/saga/definition.ts'
import type { InvariantId } from '../../../../shared/saga/invariants.ts'
import type { Happened } from '../../../support/given-when-then.ts'

/** A breach, what it breaks, and whether that shows without the plan. */
export type Planted = readonly [what: string, InvariantId, plan: Definition, events: readonly Happened[], bare?: 'bare']
