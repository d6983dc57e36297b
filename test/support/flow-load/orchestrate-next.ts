/** The same once their next version is released, and the old one is gone. */
import { definitions } from './next-version.ts'
import { runOrchestrator } from './run-orchestrator.ts'

await runOrchestrator(definitions)
