/** Health, readiness and metrics of a process that has no HTTP API of its own. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'
import { messageOf, OperationalError } from '../../shared/message/errors.ts'

export interface HealthOptions {
  readonly port: number
  readonly host: string
  readonly registry: Registry
  /** What it waits for, in words; none: it is ready. */
  readonly notReady: () => readonly string[]
  /** False when the process should be ended: it will not mend itself. */
  readonly live: () => boolean
}

const REQUEST_TIMEOUT_MS = 10_000

export interface HealthServer {
  /** The one that was taken, when a free one was asked for. */
  readonly port: number
  close(): Promise<void>
}

/**
 * Listens until it is closed; port 0 takes a free one.
 * @throws OperationalError `address-unusable` when the address cannot be had.
 */
export async function serveHealth(options: HealthOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    void answer(options, request.url ?? '', response)
  })
  server.requestTimeout = REQUEST_TIMEOUT_MS
  server.headersTimeout = REQUEST_TIMEOUT_MS
  const port = await listen(server, options)
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Answers with the port that it listens on. */
function listen(server: Server, { port, host }: HealthOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(unusable(`${host}:${port}`, cause)))
    server.listen(port, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })
}

function unusable(address: string, cause: Error): OperationalError {
  const message = `health and metrics cannot listen on ${address} (${messageOf(cause)}): set KASAGA_PORT to another, or to 0`
  return new OperationalError('address-unusable', message, { where: 'health', retriable: false, cause })
}

async function answer(
  { registry, notReady, live }: HealthOptions,
  url: string,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('x-content-type-options', 'nosniff')
  switch (url) {
    case '/healthz':
      return live() ? end(response, 200, 'ok') : end(response, 503, 'hanging')
    case '/readyz':
      return endReady(response, notReady())
    case '/metrics':
      response.setHeader('content-type', registry.contentType)
      return end(response, 200, await registry.metrics())
    default:
      return end(response, 404, 'not found')
  }
}

function endReady(response: ServerResponse, reasons: readonly string[]): void {
  const ready = reasons.length === 0
  response.setHeader('content-type', 'application/json')
  end(response, ready ? 200 : 503, JSON.stringify({ ready, reasons }))
}

function end(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status
  response.end(`${text}\n`)
}
