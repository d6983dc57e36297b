/** The process of the projector: the views follow the log. Run as many as wanted: they share the partitions out. */
import { runProcess } from '../kafka/main.ts'
import { startProjector } from './home.ts'

await runProcess('projector', async ({ home, settings, metrics }) => {
  const projector = await startProjector(home, { prefix: settings.prefix, metrics })
  return { stop: () => projector.close(), ready: () => projector.ready }
})
