/** What a request to move a saga asks of the definitions that are here: the new plan, and the old one where it is at hand. */
import { isChanged, type Known } from '../saga/decide.ts'
import type { Definition, Definitions } from '../saga/definition.ts'
import type { SagaInput } from '../saga/input.ts'
import type { MigrationTarget } from '../saga/migrate.ts'
import type { SagaState } from '../saga/state.ts'
import { hashOf, planOf } from './plan-of.ts'

/** Where the input moves the saga; `undefined`: it does not, or nobody here knows that version. */
export function migrationTarget(definitions: Definitions, known: Known, input: SagaInput): MigrationTarget | undefined {
  if (input.kind !== 'migrate' || !known || known.status === 'ended') return undefined
  const definition = definitions.find(known.definition, input.toVersion)
  if (!definition) return undefined
  return { definition, definitionHash: hashOf(definition), old: oldPlan(definitions, known, definition) }
}

/** The very plan that the saga runs on: as it is known here, or as the migration brings it along. */
function oldPlan(definitions: Definitions, saga: SagaState, { migrations }: Definition): Definition | undefined {
  const brought = migrations?.find(({ from }) => from === saga.version)?.old
  return planOf(definitions, saga) ?? (brought && !isChanged(saga, hashOf(brought)) ? brought : undefined)
}
