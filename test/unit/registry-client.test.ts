/** What a registry answers, and what becomes of it: an answer about a record, or a reason to wait. */
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import type { RegistrySettings } from '../../shared/adapters/registry/registry-api.ts'
import { RegistryClient } from '../../shared/adapters/registry/registry-client.ts'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

type Answer = (path: string, response: ServerResponse, authorization: string | undefined) => void

async function client(answer: Answer, own: Partial<RegistrySettings> = {}): Promise<RegistryClient> {
  const server = createServer((request, response) => {
    answer(request.url ?? '', response, request.headers.authorization)
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const url = `http://127.0.0.1:${port}/`
  return new RegistryClient({ url, compatibility: 'BACKWARD', register: true, requestMs: 300, ...own })
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' }).end(JSON.stringify(body))
}

const subjects: Answer = (path, response) => {
  if (path.startsWith('/subjects')) json(response, 200, [])
}

test.each<[string, Answer, string]>([
  [
    '404 in words',
    (_, response) => json(response, 404, { error_code: 40403, message: 'Schema 7 not found' }),
    'schema-unknown',
  ],
  ['422 in words', (_, response) => json(response, 422, { error_code: 422, message: 'no such id' }), 'schema-unknown'],
  ['404 without words', (_, response) => void response.writeHead(404).end('<html>'), 'registry-unreachable'],
  [
    '500',
    (_, response) => json(response, 500, { error_code: 50001, message: 'its store is away' }),
    'registry-unreachable',
  ],
  ['503 without words', (_, response) => void response.writeHead(503).end(), 'registry-unreachable'],
  ['429', (_, response) => json(response, 429, { message: 'too many' }), 'registry-unreachable'],
  ['401', (_, response) => json(response, 401, { message: 'who are you' }), 'registry-login-failed'],
  ['403', (_, response) => json(response, 403, { message: 'not you' }), 'registry-login-failed'],
  ['nothing in time', () => {}, 'registry-unreachable'],
  ['a connection that breaks', (_, response) => void response.destroy(), 'registry-unreachable'],
  [
    'a schema that is none',
    (_, response) => json(response, 200, { schemaType: 'JSON', schema: '{' }),
    'schema-unusable',
  ],
])('%s, asked for an id', async (_, answer, code) => {
  const registry = await client((path, response, authorization) => {
    if (path.startsWith('/subjects')) subjects(path, response, authorization)
    else answer(path, response, authorization)
  })
  const isOutage = code === 'registry-unreachable' || code === 'registry-login-failed'
  await expect(registry.codecOf(7)).rejects.toMatchObject({ code, retriable: isOutage })
})

test('one that knows no id and lists no subjects is not believed', async () => {
  const registry = await client((_, response) => json(response, 404, { message: 'HTTP 404 Not Found' }))
  await expect(registry.codecOf(7)).rejects.toMatchObject({ code: 'registry-unreachable', retriable: true })
})

test('an id that can be none is not asked for', async () => {
  const registry = await client((path) => expect(path).toBe('nothing'))
  for (const id of [0, -1]) await expect(registry.codecOf(id)).rejects.toMatchObject({ code: 'schema-unknown' })
})

test('a login goes with every question, and is in no error', async () => {
  const said: (string | undefined)[] = []
  const registry = await client(
    (_, response, authorization) => {
      said.push(authorization)
      json(response, 401, { message: 'who are you' })
    },
    { auth: { username: 'ann', password: 'secret-word' } },
  )
  const thrown: unknown = await registry.codecOf(7).catch((error: unknown) => error)
  expect(said).toEqual([`Basic ${Buffer.from('ann:secret-word').toString('base64')}`])
  expect(`${String(thrown)} ${JSON.stringify(thrown)} ${String((thrown as Error).cause)}`).not.toContain('secret-word')
})
