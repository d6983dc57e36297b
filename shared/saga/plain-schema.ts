/** Schemas of the few messages that Kasaga itself defines in the core, where packages are only types. */
import type { ZodType } from 'zod'

/** A schema out of a function that says why a value does not fit. What the core asks of a schema is `safeParse`, and no more. */
export function plainSchema<Value>(misfit: (value: unknown) => string | undefined): ZodType<Value> {
  const safeParse = (value: unknown) => {
    const message = misfit(value)
    return message === undefined ? { success: true, data: value } : { success: false, error: new TypeError(message) }
  }
  const parse = (value: unknown) => {
    const message = misfit(value)
    if (message !== undefined) throw new TypeError(message)
    return value
  }
  return { safeParse, parse } as unknown as ZodType<Value>
}

/** Fits null only. */
export const NOTHING: ZodType<unknown> = plainSchema((value) => (value === null ? undefined : 'nothing is expected'))

/** Fits `{ answer, comment?, by? }`, the answer being one of those. */
export function answerSchema(answers: readonly string[]): ZodType<unknown> {
  return plainSchema((value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'an answer is an object'
    const { answer, comment, by } = value as Record<string, unknown>
    if (typeof answer !== 'string' || !answers.includes(answer)) return `the answer is none of ${answers.join(', ')}`
    const texts = [comment, by].every((text) => text === undefined || typeof text === 'string')
    return texts ? undefined : 'comment and by are texts'
  })
}
