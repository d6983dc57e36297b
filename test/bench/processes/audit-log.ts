/**
 * Audits the log of an embedded home, commands included, and says what it found, how long that took and how much memory.
 * Argument: the folder.
 */
import { audit } from '../../../services/auditor/audit.ts'
import { openEmbeddedHome } from '../../../services/embedded/home.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { BENCH_DEFINITIONS } from '../work/definitions.ts'

const [directory = ''] = process.argv.slice(2)
const home = await openEmbeddedHome({ directory, log: noLog })
const { broker } = home
const atRest = { now: Date.now() }
const began = performance.now()
const asked = {
  broker,
  topics: kasagaTopics('kasaga'),
  definitions: BENCH_DEFINITIONS,
  commands: true,
  atRest,
  log: noLog,
}
const { violationsTotal: violations, events, sagas } = await audit(asked)
const tookMs = Math.round(performance.now() - began)
await home.close()
const rssMb = Math.round(process.resourceUsage().maxRSS / 1_000)
process.stdout.write(`${JSON.stringify({ events, sagas: sagas.total, violations, tookMs, rssMb })}\n`)
