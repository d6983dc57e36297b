import { describe, inject, test } from 'vitest'
import type { Server } from '../../../infra/servers/server.ts'

export interface RealServers {
  /** `host:port` */
  readonly kafka: string
  /** URL of a database in which tests make their own; see `withDatabase`. */
  readonly postgres: string
  /** URL of the Confluent API of a schema registry; subjects are shared by all tests, so each has names of its own. */
  readonly registry: string
}

/**
 * A suite on real servers; await it at the top of a test file. Where a server cannot be had the suite shows as skipped
 * with the reason, and as failed under `KASAGA_REQUIRE_REAL=1`.
 */
export async function describeReal<Name extends keyof RealServers>(
  title: string,
  names: readonly Name[],
  suite: (servers: Pick<RealServers, Name>) => void,
): Promise<void> {
  const addresses = new Map<string, string>()
  const reasons: string[] = []
  for (const [name, server] of await Promise.all(names.map(async (name) => [name, await ask(name)] as const))) {
    if (server.kind === 'running') addresses.set(name, server.address)
    else reasons.push(`no real ${name}: ${server.reason}`)
  }
  if (reasons.length === 0) describe(title, () => suite(Object.fromEntries(addresses) as Pick<RealServers, Name>))
  else notRun(title, reasons.join('; '))
}

async function ask(name: string): Promise<Server> {
  const answer = await fetch(`${inject('realServersUrl')}/${name}`)
  return (await answer.json()) as Server
}

function notRun(title: string, reason: string): void {
  process.stderr.write(`not run: ${title}: ${reason}\n`)
  describe(title, () => {
    if (process.env.KASAGA_REQUIRE_REAL !== '1') test.skip(`not run: ${reason}`)
    else
      test('has its real servers', () => {
        throw new Error(reason)
      })
  })
}
