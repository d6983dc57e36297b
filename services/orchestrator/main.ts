/** The process of the orchestrator. Run as many as wanted: they share the partitions out. */
import { contractsOf } from '../../shared/contracts/wire-contracts.ts'
import { ORCHESTRATOR_LIMITS } from '../../shared/runtime/limits.ts'
import { runProcess } from '../kafka/main.ts'
import { definitions, definitionsWith } from '../orders/definitions.ts'
import { Orchestrator } from './orchestrator.ts'

await runProcess({
  name: 'orchestrator',
  contracts: contractsOf(definitions),
  start: async ({ home, settings, metrics, topics }) => {
    const definitions = definitionsWith(settings.rollout)
    const { prefix, snapshotEvery, liveSagasMax } = settings
    const limits = { ...ORCHESTRATOR_LIMITS, snapshotEvery, liveSagasMax }
    const orchestrator = new Orchestrator({ ...home, metrics, definitions, topics, prefix, limits })
    await orchestrator.start()
    return { stop: () => orchestrator.stop(), notReady: () => orchestrator.notReady, halted: orchestrator.halted }
  },
})
