/** A whole embedded installation of sagas that wait, until it is killed. Argument: the folder. Says where its gateway is. */
import { openEmbeddedHome } from '../../../services/embedded/home.ts'
import { startEverything } from '../../../services/one-process/main.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { definitions, PREFIX } from './waiting.ts'

const [directory = ''] = process.argv.slice(2)
const home = await openEmbeddedHome({ directory, log: noLog })
const everything = await startEverything(home, PREFIX, { definitions, participants: [] })
const { gateway } = await everything.open
const { url } = await gateway.listen({ port: 0 })
process.stdout.write(`${url}\n`)
