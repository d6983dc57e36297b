/** The plan that a saga goes on with: the very one that it started on, or none (S23). */
import { isChanged } from '../saga/decide.ts'
import type { Definition, Definitions } from '../saga/definition.ts'
import type { SagaState } from '../saga/state.ts'
import { definitionHash } from './definition-hash.ts'

const hashes = new WeakMap<Definition, string>()

/** The hash of a definition, worked out once. */
export function hashOf(definition: Definition): string {
  const known = hashes.get(definition)
  if (known !== undefined) return known
  const hash = definitionHash(definition)
  hashes.set(definition, hash)
  return hash
}

type Started = Pick<SagaState, 'definition' | 'version' | 'definitionHash'>

/** The definition of a saga; `undefined` where it is not known, or has become another plan under the same version. */
export function planOf(definitions: Definitions, saga: Started): Definition | undefined {
  const found = definitions.find(saga.definition, saga.version)
  return found && !isChanged(saga, hashOf(found)) ? found : undefined
}
