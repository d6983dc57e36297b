/** The process of the gateway: the HTTP API. */
import { sagaClient } from '../../shared/client/saga-client.ts'
import { contractsOf } from '../../shared/contracts/wire-contracts.ts'
import { runProcess } from '../kafka/main.ts'
import { definitions, definitionsWith } from '../orders/definitions.ts'
import { startBulkDriver } from './bulk/start-driver.ts'
import { createGateway } from './gateway.ts'

const PORT = 7070

await runProcess({
  name: 'gateway',
  contracts: contractsOf(definitions),
  start: async ({ home, settings, metrics, registry, topics }) => {
    const { broker, clock, ids, log } = home
    const { prefix, listen: host, port = PORT, insecureAllowAnonymous } = settings
    const client = sagaClient({ broker, topics, clock, ids, source: `/kasaga/${prefix}/gateway` })
    const { store: views } = await home.views()
    const gateway = await createGateway({
      client,
      broker,
      topics,
      claims: broker.claims,
      definitions: definitionsWith(settings.rollout),
      views,
      clock,
      ids,
      log,
      metrics,
      registry,
      insecureAllowAnonymous,
      notReady: home.notReady,
    })
    const { url } = await gateway.listen({ port, host })
    const bulk = startBulkDriver({ ...home, client, topics, prefix, views })
    log.info('the API answers', { url })
    return {
      async stop() {
        await gateway.close()
        await bulk.stop()
      },
    }
  },
})
