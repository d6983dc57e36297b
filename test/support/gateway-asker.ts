/** Asks a gateway without a socket, and knows what a problem has to look like. */
import { expect } from 'vitest'
import type { Gateway } from '../../services/gateway/gateway.ts'

export const JSON_TYPE = { 'content-type': 'application/json' }
type Headers = Readonly<Record<string, string>>
export type Answered = Awaited<ReturnType<Asker['get']>>

/** A start of the `fulfil` saga. */
export const startOf = (id: string, cents = 100) => ({ id, definition: 'fulfil', input: { id, cents } })

export class Asker {
  readonly #gateway: Gateway

  constructor(gateway: Gateway) {
    this.#gateway = gateway
  }

  post(url: string, body: unknown, headers: Headers = {}) {
    const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
    return this.#gateway.app.inject({ method: 'POST', url, payload, headers: { ...JSON_TYPE, ...headers } })
  }

  get(url: string, headers: Headers = {}) {
    return this.#gateway.app.inject({ method: 'GET', url, headers })
  }

  /** Starts a saga and waits until it has come to rest. */
  async settled(id: string, cents = 100) {
    const started = await this.post('/v1/sagas', startOf(id, cents))
    expect(started.statusCode).toBe(202)
    return (await this.get(started.json().links.result)).json()
  }
}

/** Expects a problem that gives nothing of the inside away; answers its body. */
export function expectProblem(response: Answered, status: number, code: string) {
  const body = response.json()
  expect({ status: response.statusCode, code: body.code }).toEqual({ status, code })
  expect(response.headers['content-type']).toContain('application/problem+json')
  expect(body).toMatchObject({ status, type: `urn:kasaga:problem:${code}` })
  expect(body.id).toMatch(/^[0-9a-f-]{36}$/)
  expect(response.body).not.toMatch(/ at .*\.ts|node_modules|select |kasaga\.commands/)
  return body
}
