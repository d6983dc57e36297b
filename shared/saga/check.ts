/** Checking a value against a contract's schema. Schemas hold user code too: one that throws says no, and nothing more. */
import type { ZodType } from 'zod'
import { messageOf } from '../message/errors.ts'

/** Why the value does not fit; `undefined` when it does. Never throws. */
export function misfit(schema: ZodType<unknown>, value: unknown): string | undefined {
  try {
    const checked = schema.safeParse(value)
    return checked.success ? undefined : checked.error.message.slice(0, 2_000)
  } catch (error) {
    return `the schema threw: ${messageOf(error)}`.slice(0, 2_000)
  }
}
