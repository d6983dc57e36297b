/**
 * The one decoder for JSON from outside: HTTP bodies and records alike. `JSON.parse` takes nestings that make
 * `JSON.stringify` overflow the stack, rounds large integers in silence, and makes `__proto__` an own key; all three
 * are refused here, in one pass over the text, before anything is built.
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export interface JsonLimits {
  readonly bytesMax: number
  readonly depthMax: number
  readonly keysMax: number
  /** How larger texts could pass; said with the refusal. */
  readonly hint?: string
}

export const JSON_LIMITS: JsonLimits = { bytesMax: 900 * 1024, depthMax: 64, keysMax: 10_000 }

/** Why a text was refused; stable, used as an error code and as a dead letter's reason. */
export type JsonFault =
  | 'not-utf8'
  | 'not-json'
  | 'too-large'
  | 'too-deep'
  | 'too-many-keys'
  | 'unsafe-integer'
  | 'forbidden-key'

export type JsonResult =
  | { readonly kind: 'ok'; readonly value: Json }
  | { readonly kind: 'refused'; readonly fault: JsonFault; readonly message: string }

const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype'])
const QUOTE = 0x22
const BACKSLASH = 0x5c

function refused(fault: JsonFault, message: string): JsonResult {
  return { kind: 'refused', fault, message }
}

/** Index of the quote that ends the string which starts after `start`, or the text's length. */
function endOfString(text: string, start: number): number {
  let i = start + 1
  while (i < text.length) {
    const c = text.charCodeAt(i)
    if (c === BACKSLASH) i++
    else if (c === QUOTE) return i
    i++
  }
  return i
}

/** Walks the text once, outside strings: nesting, number of keys, integers that a double cannot hold. */
function checkShape(text: string, limits: JsonLimits): JsonResult | undefined {
  let depth = 0
  let keys = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === QUOTE) i = endOfString(text, i)
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > limits.depthMax) return refused('too-deep', `nested deeper than ${limits.depthMax}`)
    } else if (c === 0x7d || c === 0x5d) depth--
    else if (c === 0x3a) {
      if (++keys > limits.keysMax) return refused('too-many-keys', `more than ${limits.keysMax} keys`)
    } else if (c >= 0x30 && c <= 0x39) {
      const end = endOfNumber(text, i)
      if (isUnsafe(text.slice(i, end)))
        return refused('unsafe-integer', 'an integer past 2^53 would be rounded, a huge one lost; send it as a string')
      i = end - 1
    }
  }
  return undefined
}

/** Whether a double cannot hold what a number says: an integer that it would round, or anything past its range. */
function isUnsafe(digits: string): boolean {
  if (digits.length < 16 && !/e/i.test(digits)) return false
  const value = Number(digits)
  return Math.abs(value) === Number.POSITIVE_INFINITY || (/^\d+$/.test(digits) && !Number.isSafeInteger(value))
}

function endOfNumber(text: string, start: number): number {
  let i = start
  while (i < text.length && /[0-9.eE+-]/.test(text.charAt(i))) i++
  return i
}

class ForbiddenKey extends Error {}

function refuseForbidden(key: string, value: unknown): unknown {
  if (FORBIDDEN_KEYS.has(key)) throw new ForbiddenKey(key)
  return value
}

function mayHoldForbiddenKey(text: string): boolean {
  return (
    text.includes('__proto__') || text.includes('constructor') || text.includes('prototype') || text.includes('\\u')
  )
}

/** What is said of a text that is too large. */
export function largerThan({ bytesMax, hint }: JsonLimits): string {
  return `larger than ${bytesMax} bytes${hint === undefined ? '' : `; ${hint}`}`
}

/** Parses a text under the limits. Never throws. */
export function parseJsonText(text: string, limits: JsonLimits = JSON_LIMITS): JsonResult {
  if (text.length > limits.bytesMax) return refused('too-large', largerThan(limits))
  const fault = checkShape(text, limits)
  if (fault) return fault
  try {
    const value: Json = mayHoldForbiddenKey(text) ? JSON.parse(text, refuseForbidden) : JSON.parse(text)
    return { kind: 'ok', value }
  } catch (error) {
    if (error instanceof ForbiddenKey) return refused('forbidden-key', `the key ${error.message} is not allowed`)
    return refused('not-json', error instanceof Error ? error.message : String(error))
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Parses UTF-8 bytes under the limits. Never throws. `null` (no value at all) is refused as `not-json`. */
export function parseJson(bytes: Uint8Array | null, limits: JsonLimits = JSON_LIMITS): JsonResult {
  if (bytes === null) return refused('not-json', 'there is no value')
  if (bytes.length > limits.bytesMax) return refused('too-large', `${bytes.length} bytes, ${largerThan(limits)}`)
  let text: string
  try {
    text = decoder.decode(bytes)
  } catch {
    return refused('not-utf8', 'the bytes are not UTF-8')
  }
  return parseJsonText(text, limits)
}

/** Freezes a value, so that whoever is shown it cannot change it in silence. Answers the same value. */
export function frozenJson(value: Json): Json {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return value
  for (const item of Object.values(value)) frozenJson(item)
  return Object.freeze(value)
}

/** The same text for equal values, whatever the order of their keys: what is hashed to tell two starts apart (S21). */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`
}
