import { afterAll, describe, test } from 'vitest'
import type { RunningRegistry } from '../../../infra/servers/registry-from-jar.ts'
import { startOwnRegistry } from '../../../infra/servers/start-real.ts'
import { describeReal, type RealServers } from './describe-real.ts'

export type OwnRegistry = Pick<RealServers, 'kafka' | 'postgres'> & { readonly registry: RunningRegistry }

/**
 * A suite on Kafka, Postgres and a schema registry of its own, which it may take down; await it at the top of a test
 * file. Where none can be had it shows as skipped with the reason, and as failed under `KASAGA_REQUIRE_REAL=1`.
 */
export async function describeOwnRegistry(title: string, suite: (servers: OwnRegistry) => void): Promise<void> {
  const registry = await startOwnRegistry()
  if (registry.kind === 'running') {
    afterAll(() => registry.stop())
    await describeReal(title, ['kafka', 'postgres'], (servers) => suite({ ...servers, registry }))
    return
  }
  process.stderr.write(`not run: ${title}: ${registry.reason}\n`)
  describe(title, () => {
    if (process.env.KASAGA_REQUIRE_REAL !== '1') test.skip(`not run: ${registry.reason}`)
    else
      test('has its registry', () => {
        throw new Error(registry.reason)
      })
  })
}
