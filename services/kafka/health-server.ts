/** Health, readiness and metrics of a process that has no HTTP API of its own. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'

export interface HealthOptions {
  readonly port: number
  readonly host: string
  readonly registry: Registry
  readonly ready: () => boolean
}

const REQUEST_TIMEOUT_MS = 10_000

/** Listens; `close` ends it. */
export async function serveHealth(options: HealthOptions): Promise<{ close(): Promise<void> }> {
  const server = createServer((request, response) => {
    void answer(options, request.url ?? '', response)
  })
  server.requestTimeout = REQUEST_TIMEOUT_MS
  server.headersTimeout = REQUEST_TIMEOUT_MS
  await listen(server, options)
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, { port, host }: HealthOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
}

async function answer({ registry, ready }: HealthOptions, url: string, response: ServerResponse): Promise<void> {
  response.setHeader('x-content-type-options', 'nosniff')
  switch (url) {
    case '/healthz':
      return end(response, 200, 'ok')
    case '/readyz':
      return ready() ? end(response, 200, 'ready') : end(response, 503, 'not ready')
    case '/metrics':
      response.setHeader('content-type', registry.contentType)
      return end(response, 200, await registry.metrics())
    default:
      return end(response, 404, 'not found')
  }
}

function end(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status
  response.end(`${text}\n`)
}
