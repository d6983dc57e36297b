/** Requests made of what the API says of itself: such as it takes, and such with one or two things wrong. */

import type { Operation } from './api-operations.ts'
import type { Dice } from './dice.ts'
import { brokenText, changedJson } from './odd-json.ts'
import { type Names, valueFor } from './schema-values.ts'
import type { WireRequest } from './wire-http.ts'

/** What is said of a request before it is asked, by the document alone. */
export type Expected =
  /** As the document has it. */
  | 'fits'
  /** Against the document: 400. */
  | 'misfits'
  /** A body that cannot be read: 400 with that code. */
  | { readonly code: string }
  /** Only this: no answer of 500 or more, and no inside shown. */
  | 'anything'

export interface HttpCase {
  readonly request: WireRequest
  readonly expected: Expected
  readonly operation: Operation
}

interface Draft {
  readonly operation: Operation
  readonly dice: Dice
  readonly names: Names
  method: string
  path: Record<string, string>
  query: [string, string][]
  body: unknown
  bytes: Buffer | undefined
  headers: [string, string][]
  expected: Expected
}

/** Bodies have most to get wrong, and what is wrong with them is found before the views are asked. */
const CHANGES_SHARE = 0.9
/** Left as the document has it. */
const WHOLE_SHARE = 0.06

/** One request. */
export function httpCase(dice: Dice, operations: readonly Operation[], names: Names): HttpCase {
  const changes = dice.chance(CHANGES_SHARE)
  const operation = dice.pick(operations.filter(({ body }) => (body !== undefined) === changes))
  const draft = drafted(operation, dice, names)
  if (!dice.chance(WHOLE_SHARE)) dice.pick(operation.body ? WITH_BODY : WITHOUT)(draft)
  return { request: written(draft), expected: draft.expected, operation }
}

function drafted(operation: Operation, dice: Dice, names: Names): Draft {
  const { method, parameters, body } = operation
  const draw = (where: string) =>
    parameters
      .filter((one) => one.in === where && (one.required === true || dice.chance(0.4)))
      .map(({ name, schema }): [string, string] => [name, String(valueFor(schema, dice, names, name))])
  const path = Object.fromEntries(draw('path'))
  const query = hasty(operation, draw('query'))
  const own = body && valueFor(body, dice, names)
  if (body && !operation.takesBody(own))
    throw new Error(`no body of the document: ${JSON.stringify(own)} for ${operation.path}`)
  return { operation, dice, names, method, path, query, body: own, bytes: undefined, headers: [], expected: 'fits' }
}

/** Whoever waits for a place waits no longer than that. */
function hasty({ parameters }: Operation, query: [string, string][]): [string, string][] {
  const rest = query.filter(([name]) => name !== 'timeoutMs')
  return parameters.some(({ name }) => name === 'timeoutMs') ? [...rest, ['timeoutMs', '1']] : rest
}

type Spoil = (draft: Draft) => void

const ODD_PARTS = [
  '%00',
  '%2f',
  '%',
  '%zz',
  '..',
  '%2e%2e',
  'lock:a',
  ' ',
  'ß',
  '%F0%9F%98%80',
  '%c3%28',
  '*',
  "'",
  '"',
  '{id}',
  'x'.repeat(201),
  'x'.repeat(900),
  '',
  '?',
  '#',
  ';',
  '&',
  '+',
]

const spoilPath: Spoil = (draft) => {
  const names = Object.keys(draft.path)
  if (names.length > 0) draft.path[draft.dice.pick(names)] = draft.dice.pick(ODD_PARTS)
  draft.expected = 'anything'
}

const spoilQuery: Spoil = (draft) => {
  const { dice, query, operation } = draft
  const known = operation.parameters.filter((one) => one.in === 'query').map(({ name }) => name)
  const name =
    known.length > 0 && dice.chance(0.7)
      ? dice.pick(known)
      : dice.pick(['x', 'attribute.x', 'attribute.', '__proto__', 'limit[]', ''])
  query.push([name, dice.pick(ODD_PARTS)])
  if (dice.chance(0.3)) query.push([name, '1'])
  draft.expected = 'anything'
}

const spoilBody: Spoil = (draft) => {
  const { dice, operation } = draft
  draft.body = changedJson(dice, draft.body)
  if (dice.chance(0.3)) draft.body = changedJson(dice, draft.body)
  // What JSON does not say, as undefined, is not there.
  const said: unknown = JSON.parse(JSON.stringify(draft.body))
  draft.expected = operation.takesBody(said) ? 'fits' : 'misfits'
}

const breakBody: Spoil = (draft) => {
  const { bytes, fault } = brokenText(draft.dice, JSON.stringify(draft.body))
  draft.bytes = bytes
  draft.expected = { code: fault }
}

const flipBody: Spoil = (draft) => {
  const { dice } = draft
  const bytes = Buffer.from(JSON.stringify(draft.body))
  for (let flips = 1 + dice.below(3); flips > 0; flips--) bytes[dice.below(bytes.length)] = dice.below(256)
  draft.bytes = bytes
  draft.expected = 'anything'
}

const HEADERS: readonly [string, string][] = [
  ['content-type', 'text/plain'],
  ['content-type', 'application/json; charset=utf-16'],
  ['content-type', 'application/json;'],
  ['content-type', ''],
  ['content-type', '/'],
  ['content-type', 'application/x-www-form-urlencoded'],
  ['content-type', 'multipart/form-data'],
  ['content-encoding', 'gzip'],
  ['idempotency-key', 'r-1'],
  ['idempotency-key', ''],
  ['idempotency-key', 'a b'],
  ['idempotency-key', 'x'.repeat(1_001)],
  ['origin', 'http://evil.example'],
  ['origin', 'null'],
  ['sec-fetch-site', 'cross-site'],
  ['host', 'evil.example'],
  ['host', '[::1'],
  ['x-forwarded-for', '10.0.0.1'],
  ['x-http-method-override', 'DELETE'],
  ['range', 'bytes=0-1'],
  ['if-none-match', '*'],
  ['accept', 'text/html'],
  ['accept-encoding', 'br;q=1, *;q=0'],
  ['cookie', 'a=b; c'],
  ['authorization', 'Bearer secret'],
  ['traceparent', '00-zz'],
  ['x-long', 'y'.repeat(9_000)],
  ['__proto__', 'x'],
  ['expect', '100-continue'],
]

const spoilHeaders: Spoil = (draft) => {
  const { dice } = draft
  draft.headers.push(dice.pick(HEADERS))
  if (dice.chance(0.1)) for (let i = 0; i < 120; i++) draft.headers.push([`x-${i}`, 'v'])
  draft.expected = 'anything'
}

const otherMethod: Spoil = (draft) => {
  draft.method = draft.dice.pick([
    'GET',
    'HEAD',
    'POST',
    'PUT',
    'DELETE',
    'PATCH',
    'OPTIONS',
    'TRACE',
    'PROPFIND',
    'QUERY',
  ])
  draft.expected = 'anything'
}

const otherPath: Spoil = (draft) => {
  draft.headers.push([
    'x-path',
    draft.dice.pick([
      '/v1/',
      '//',
      '/v2/sagas',
      '/openapi.json',
      '/',
      '/style.css',
      '/metrics/',
      '/.git/config',
      '/v1/sagas/',
    ]),
  ])
  draft.expected = 'anything'
}

const WITHOUT: readonly Spoil[] = [spoilPath, spoilQuery, spoilQuery, spoilHeaders, otherMethod, otherPath]
const WITH_BODY: readonly Spoil[] = [
  ...[
    spoilBody,
    spoilBody,
    spoilBody,
    breakBody,
    breakBody,
    breakBody,
    breakBody,
    breakBody,
    breakBody,
    flipBody,
    flipBody,
  ],
  ...[spoilPath, spoilHeaders, otherMethod],
]

/** Whether a text stands in a path as it is. */
const PLAIN = /^[A-Za-z0-9._~:-]*$/

function written({ operation, method, path, query, body, bytes, headers, expected }: Draft): WireRequest {
  const parts = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => path[name] ?? '')
  const fits = expected === 'fits' || expected === 'misfits'
  const escaped = (text: string) => (fits || PLAIN.test(text) ? encodeURIComponent(text) : text)
  const asked = query.map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join('&')
  const named = new Map<string, string>([
    ['host', 'localhost'],
    ...(operation.body ? [['content-type', 'application/json'] as const] : []),
    ...headers,
  ])
  const elsewhere = named.get('x-path')
  named.delete('x-path')
  const target = Buffer.from(
    `${elsewhere ?? encoded(parts)}${asked === '' ? '' : `?${asked}`}`.replaceAll(' ', '%20'),
    'utf8',
  )
  const own = operation.body ? (bytes ?? Buffer.from(JSON.stringify(body))) : undefined
  return { method, target: target.toString('latin1'), headers: [...named], body: own }
}

/** Step paths have brackets, which a path takes escaped only. */
function encoded(path: string): string {
  return path.replaceAll('[', '%5B').replaceAll(']', '%5D')
}
