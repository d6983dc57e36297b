/** The orchestrator of the measured saga as a process on Kafka. */
import { runOrchestrator } from '../../support/flow-load/run-orchestrator.ts'
import { BENCH_DEFINITIONS } from '../work/definitions.ts'

await runOrchestrator(BENCH_DEFINITIONS)
