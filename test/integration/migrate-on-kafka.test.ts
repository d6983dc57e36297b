/** `kasaga migrate` as a person runs it: on a real Kafka, while two orchestrators run that do not know the old version any more. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunningKafkaCluster } from '../../infra/servers/kafka-from-jars.ts'
import { audit } from '../../services/auditor/audit.ts'
import type { KafkaBroker } from '../../shared/adapters/kafka/kafka-broker.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { definitions as released } from '../support/flow-load/next-version.ts'
import { FLOW_DEFINITIONS, type FlowRig, openFlow } from '../support/flow-rig.ts'
import { describeCluster } from '../support/kafka-cluster/describe-cluster.ts'
import { Fleet } from '../support/kafka-home/fleet.ts'
import { openTestKafka } from '../support/open-test-kafka.ts'

const PREFIX = 'moving'
const SAGAS = 60
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

await describeCluster('kasaga migrate on Kafka', migrateSuite, 1)

function migrateSuite({ address: kafka }: RunningKafkaCluster): void {
  let broker: KafkaBroker
  let flow: FlowRig
  const fleet = (main: string) => new Fleet({ kafka, prefix: PREFIX, mains: { orchestrator: main } })
  const before = fleet('test/support/flow-load/orchestrate.ts')
  const after = fleet('test/support/flow-load/orchestrate-next.ts')

  beforeAll(async () => {
    broker = await openTestKafka(kafka)
    flow = await openFlow(broker, { prefix: PREFIX, partitions: 6 })
  })
  afterAll(async () => {
    await Promise.all([before.end(), after.end()])
    await flow?.close()
    await broker?.close()
  })

  const migrate = async (...args: string[]) => {
    const module = 'test/support/flow-load/next-version.ts'
    const home = ['--kafka', kafka, '--prefix', PREFIX, '--definitions', module]
    const asked = ['services/cli/main.ts', 'migrate', 'pay', '--from', '1', '--to', '2', '--json', ...home, ...args]
    const { stdout } = await run(process.execPath, asked, { cwd: ROOT })
    return JSON.parse(stdout)
  }
  const count = async (type: string) => (await flow.history()).filter(({ event }) => event.type === type).length

  test('says who could be moved, and moves them all: held ones, and those that are asked just now', async () => {
    await flow.limit('till', { ratePerSecond: 2 })
    await before.start('orchestrator')
    await flow.pay(SAGAS)
    await expect.poll(() => count('step-held'), { timeout: 30_000 }).toBeGreaterThanOrEqual(SAGAS)
    expect(await before.one('orchestrator').end('SIGTERM')).toBe(0)
    await after.start('orchestrator', 'orchestrator')
    const live = SAGAS - (await flow.completed())
    expect(live).toBeGreaterThan(SAGAS / 2)

    expect(await migrate('--dry-run')).toMatchObject({ live, ready: live, refused: 0, moved: 0 })
    expect(await count('saga-migrated')).toBe(0)
    const { moved } = await migrate('--reason', 'v1 is withdrawn', '--rate', '200')
    expect(moved).toBe(live)
    expect(await count('saga-migrated')).toBe(live)
    expect(await migrate('--dry-run')).toMatchObject({ live: 0 })

    await flow.limit('till', null)
    await expect.poll(() => flow.completed(), { timeout: 60_000, interval: 500 }).toBe(SAGAS)
    expect(new Set(flow.till.charged.map(({ id }) => id)).size).toBe(SAGAS)
    const definitions = new Definitions([...FLOW_DEFINITIONS.all, ...released.all.filter(({ version }) => version > 1)])
    const look = () => {
      const whole = { definitions, commands: true, atRest: { now: Date.now() }, log: noLog }
      return audit({ broker, topics: flow.topics, ...whole })
    }
    await expect.poll(async () => (await look()).violations, { timeout: 10_000, interval: 500 }).toEqual([])
  })
}
