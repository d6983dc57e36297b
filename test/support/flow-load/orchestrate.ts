/** The orchestrator's process, with the sagas that limits are tried on in place of the shop's. */
import { runProcess } from '../../../services/kafka/main.ts'
import { Orchestrator } from '../../../services/orchestrator/orchestrator.ts'
import { contractsOf } from '../../../shared/contracts/wire-contracts.ts'
import { FLOW_DEFINITIONS } from '../flow-rig.ts'

await runProcess({
  name: 'orchestrator',
  contracts: contractsOf(FLOW_DEFINITIONS),
  start: async ({ home, settings, metrics, topics }) => {
    const { prefix } = settings
    const orchestrator = new Orchestrator({ ...home, metrics, definitions: FLOW_DEFINITIONS, topics, prefix })
    await orchestrator.start()
    return { stop: () => orchestrator.stop(), ready: () => orchestrator.ready }
  },
})
