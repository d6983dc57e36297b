/** JSON that a person gives on the command line, in a file, or on standard input. */

import { CLAIM_CHECK_BYTES, jsonLimitsFor, PAYLOAD_BYTES_MAX } from '../../shared/message/claim.ts'
import { messageOf } from '../../shared/message/errors.ts'
import { type Json, parseJsonText } from '../../shared/message/json.ts'
import { CliFailure } from './failure.ts'
import type { Surroundings } from './surroundings.ts'

/** The most that any installation takes; the gateway knows what this one does. */
const LIMITS = jsonLimitsFor({ valueBytesMax: CLAIM_CHECK_BYTES, payloadBytesMax: PAYLOAD_BYTES_MAX })

/** Reads `{"a":1}`, `@file.json` or `@-`. */
export async function jsonOption(name: string, given: string, around: Surroundings): Promise<Json> {
  const text = given.startsWith('@') ? await textOf(given.slice(1), around) : given
  const parsed = parseJsonText(text, LIMITS)
  if (parsed.kind === 'ok') return parsed.value
  throw new CliFailure(2, parsed.fault, {
    message: `${name} cannot be used: ${parsed.message}`,
    next: `Give JSON, as in ${name} '{"id":"order-1"}', or a file, as in ${name} @order.json`,
  })
}

async function textOf(path: string, around: Surroundings): Promise<string> {
  try {
    return await around.readFile(path)
  } catch (error) {
    throw new CliFailure(2, 'file-unreadable', { message: `cannot read ${path}: ${messageOf(error)}` })
  }
}
