/**
 * Real servers for one `vitest run`: started when the first test file asks, at most once each, stopped at the end.
 *
 * The servers live in vitest's own process. Test files run in others and ask over loopback HTTP, so runs that need no
 * server never start one.
 */
import { createServer } from 'node:http'
import type { TestProject } from 'vitest/node'
import type { Server } from '../../../infra/servers/server.ts'
import { startKafka, startPostgres, startRegistry } from '../../../infra/servers/start-real.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    realServersUrl: string
  }
}

const starters: Readonly<Record<string, () => Promise<Server>>> = {
  kafka: startKafka,
  postgres: startPostgres,
  registry: startRegistry,
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started = new Map<string, Promise<Server>>()
  const get = (name: string): Promise<Server> | undefined => {
    const running = started.get(name) ?? starters[name]?.()
    if (running !== undefined) started.set(name, running)
    return running
  }
  const desk = createServer((request, response) => {
    const server = get((request.url ?? '').slice(1))
    if (server === undefined) response.writeHead(404).end()
    else server.then((answer) => response.end(JSON.stringify(answer)))
  })
  await new Promise<void>((resolve) => desk.listen(0, '127.0.0.1', resolve))
  desk.unref()
  const address = desk.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  project.provide('realServersUrl', `http://127.0.0.1:${port}`)
  return async () => {
    desk.closeAllConnections()
    desk.close()
    await Promise.all(
      [...started.values()].map(async (server) => {
        const found = await server
        if (found.kind === 'running') await found.stop()
      }),
    )
  }
}
