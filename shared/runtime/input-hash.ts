/** The hash that tells a repeated start from another one under the same id (S21). */
import { createHash } from 'node:crypto'
import { canonicalJson, type Json } from '../message/json.ts'

/** SHA-256 of the canonical text, in hex: the same for equal inputs, whatever the order of their keys. */
export function inputHash(input: Json): string {
  return createHash('sha256').update(canonicalJson(input)).digest('hex')
}
