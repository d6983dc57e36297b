/** A process that runs the examples in a folder until it is killed. Argument: the folder. Each life starts every run anew. */
import { openEmbeddedHome } from '../../../services/embedded/home.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { ExampleInstallation } from './installation.ts'
import { KILLED_PARTS, KILLED_RUNS, PREFIX } from './killed-runs.ts'

const home = await openEmbeddedHome({ directory: process.argv[2] ?? '', log: noLog })
const installation = await ExampleInstallation.start(home, PREFIX, KILLED_PARTS)
process.stdout.write('open\n')
for (const { one, id } of KILLED_RUNS) await one.start(installation, id)
