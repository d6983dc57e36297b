/** The plans that an input is decided on, as far as they are known here. */
import type { Known, Question } from '../saga/decide.ts'
import type { Definition, Definitions } from '../saga/definition.ts'
import type { SagaInput } from '../saga/input.ts'
import { migrationTarget } from './migration-target.ts'
import { hashOf } from './plan-of.ts'

type Plans = Pick<Question, 'definition' | 'definitionHash' | 'target' | 'forkOn'>

export function plansFor(definitions: Definitions, known: Known, input: SagaInput): Plans {
  const definition = definitionOf(definitions, known, input)
  return {
    definition,
    definitionHash: definition && hashOf(definition),
    target: migrationTarget(definitions, known, input),
    forkOn: forkOn(definitions, known, input),
  }
}

function definitionOf(definitions: Definitions, known: Known, input: SagaInput): Definition | undefined {
  if (known && known.status !== 'ended') return definitions.find(known.definition, known.version)
  return input.kind === 'start' ? definitions.forStart(input.definition, input.version, input.sagaId) : undefined
}

/** The definition of another version, where one is named. */
function forkOn(definitions: Definitions, known: Known, input: SagaInput): Definition | undefined {
  if (!known || input.kind !== 'fork' || input.version === undefined) return undefined
  return definitions.find(known.definition, input.version)
}
