/** An orchestrator of the sagas that limits are tried on, as a process. */
import { FLOW_DEFINITIONS } from '../flow-rig.ts'
import { runOrchestrator } from './run-orchestrator.ts'

await runOrchestrator(FLOW_DEFINITIONS)
