import { afterAll, describe, test } from 'vitest'
import type { RunningKafkaCluster } from '../../../infra/servers/kafka-from-jars.ts'
import { startKafkaCluster } from '../../../infra/servers/start-real.ts'

/**
 * A suite on a cluster of its own, whose brokers it may kill, and whose topics nobody else has; await it at the top of a test file. Where none can be had
 * the suite shows as skipped with the reason, and as failed under `KASAGA_REQUIRE_REAL=1`.
 */
export async function describeCluster(
  title: string,
  suite: (cluster: RunningKafkaCluster) => void,
  brokers = 3,
): Promise<void> {
  const cluster = await startKafkaCluster(brokers)
  if (cluster.kind === 'running') {
    describe(title, () => {
      suite(cluster)
      afterAll(() => cluster.stop())
    })
    return
  }
  process.stderr.write(`not run: ${title}: ${cluster.reason}\n`)
  describe(title, () => {
    if (process.env.KASAGA_REQUIRE_REAL !== '1') test.skip(`not run: ${cluster.reason}`)
    else
      test('has its brokers', () => {
        throw new Error(cluster.reason)
      })
  })
}
