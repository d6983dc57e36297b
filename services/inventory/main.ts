/** The process of the inventory participant: commands from Kafka, its tables and inbox in Postgres. */
import { runProcess } from '../kafka/main.ts'
import { PARTICIPANTS } from '../participants/home.ts'

await runProcess('inventory', async ({ home, settings, metrics }) => {
  const service = await PARTICIPANTS.inventory(home, { prefix: settings.prefix, metrics })
  await service.start()
  return { stop: () => service.stop(), ready: () => service.ready }
})
