/**
 * `npm run bench:audit`: how long the auditor takes on long logs, and how much memory. One log of an embedded home grows in
 * `--folder` (10 GB for ten million events), written by the core itself; at each `--size`, a number of events, a process of its
 * own audits all of it. Ten million events take half an hour on two cores.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { openEmbeddedHome } from '../../services/embedded/home.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { participantsOf, topicSpecs } from '../../shared/runtime/topic-specs.ts'
import { asked, numbers, text } from './arguments.ts'
import { BENCH_DEFINITIONS } from './work/definitions.ts'
import { WrittenLog } from './work/written-log.ts'

const AUDIT = fileURLToPath(new URL('processes/audit-log.ts', import.meta.url))
const ORDERS_AT_ONCE = 20_000
const { size, folder = tmpdir() } = asked({ size: numbers, folder: text })
const SIZES = size.length > 0 ? size : [1e6, 5e6, 1e7]
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)

interface Audited {
  readonly events: number
  readonly sagas: number
  readonly violations: number
  readonly tookMs: number
  readonly rssMb: number
}

async function audited(directory: string): Promise<Audited> {
  const auditor = spawn(process.execPath, [AUDIT, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  return (await json(auditor.stdout)) as Audited
}

const directory = await mkdtemp(join(folder, 'kasaga-audit-'))
const topics = kasagaTopics('kasaga')
const open = () => openEmbeddedHome({ directory, log: noLog })
let home = await open()
try {
  await home.broker.createTopics(topicSpecs('kasaga', home, participantsOf(BENCH_DEFINITIONS)))
  const written = new WrittenLog({
    get broker() {
      return home.broker
    },
    ...{ topics, definitions: BENCH_DEFINITIONS, partitions: home.partitions, withCommands: true },
  })
  for (const events of SIZES) {
    while (written.events < events) await written.endOrders(ORDERS_AT_ONCE)
    await written.close()
    await home.close()
    const { tookMs, ...rest } = await audited(directory)
    if (rest.violations > 0 || rest.events !== written.events || rest.sagas !== written.orders)
      throw new Error(
        `${written.events} events of ${written.orders} sagas were written, and audited: ${JSON.stringify(rest)}`,
      )
    say({ ...rest, tookMs, eventsPerSecond: Math.round((rest.events / tookMs) * 1_000) })
    home = await open()
  }
} finally {
  await home.close()
  await rm(directory, { recursive: true, force: true })
}
