/** The hash that tells one plan from another. */
import { createHash } from 'node:crypto'
import { canonicalText } from '../saga/data/canonical.ts'
import type { Definition } from '../saga/definition.ts'

/**
 * SHA-256 of the plan's canonical text, in hex: changes with any figure, name or dependency, and with nothing else. What
 * mappings and schemas do is code, and not in it.
 */
export function definitionHash(definition: Definition): string {
  return createHash('sha256').update(canonicalText(definition)).digest('hex')
}
