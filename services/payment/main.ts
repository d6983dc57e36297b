/** The process of the payment participant: commands from Kafka, its tables and inbox in Postgres. */
import { runProcess } from '../kafka/main.ts'
import { PARTICIPANTS } from '../participants/home.ts'

await runProcess('payment', async ({ home, settings, metrics }) => {
  const { prefix, inboxRetention } = settings
  const service = await PARTICIPANTS.payment(home, { prefix, inboxRetention, metrics })
  await service.start()
  return { stop: () => service.stop(), ready: () => service.ready, live: () => service.live }
})
