/** The process of an orchestrator on Kafka with other definitions than the shop's; says what it costs. */
import { runProcess } from '../../../services/kafka/main.ts'
import { Orchestrator } from '../../../services/orchestrator/orchestrator.ts'
import { contractsOf } from '../../../shared/contracts/wire-contracts.ts'
import { ORCHESTRATOR_LIMITS } from '../../../shared/runtime/limits.ts'
import type { Definitions } from '../../../shared/saga/definition.ts'

const COST_EVERY_MS = 1_000

export async function runOrchestrator(definitions: Definitions): Promise<void> {
  setInterval(() => {
    const { user, system } = process.cpuUsage()
    process.stdout.write(`${JSON.stringify({ level: 30, msg: 'cpu', cpuMs: (user + system) / 1_000 })}\n`)
  }, COST_EVERY_MS).unref()
  await runProcess({
    name: 'orchestrator',
    contracts: contractsOf(definitions),
    start: async ({ home, settings, metrics, topics }) => {
      const { prefix, snapshotEvery } = settings
      const limits = { ...ORCHESTRATOR_LIMITS, snapshotEvery }
      const orchestrator = new Orchestrator({ ...home, metrics, definitions, topics, prefix, limits })
      await orchestrator.start()
      return { stop: () => orchestrator.stop(), notReady: () => orchestrator.notReady }
    },
  })
}
