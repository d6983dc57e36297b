/** The OpenAPI document of the gateway, from its real routes. It listens nowhere and is asked nothing. */
import { Registry } from 'prom-client'
import type { Parts } from '../../services/gateway/app.ts'
import { httpApp } from '../../services/gateway/http-app.ts'
import { GATEWAY_LIMITS } from '../../services/gateway/limits.ts'
import { definitions } from '../../services/orders/definitions.ts'
import { prometheusMetrics } from '../../shared/adapters/prometheus/prometheus-metrics.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { systemIds } from '../../shared/adapters/system/system-ids.ts'
import type { JsonSchema } from '../../shared/contracts/json-schema.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import type { Log } from '../../shared/ports/telemetry.ts'

const silent = () => {}
const log: Log = { debug: silent, info: silent, warn: silent, error: silent, with: () => log }

export async function openApi(): Promise<JsonSchema> {
  const registry = new Registry()
  const asked = (): never => {
    throw new Error('a route was run to describe it')
  }
  const parts: Parts = {
    client: new Proxy({} as Parts['client'], { get: asked }),
    broker: new Proxy({} as Parts['broker'], { get: asked }),
    topics: kasagaTopics('kasaga'),
    reads: new Proxy({} as Parts['reads'], { get: asked }),
    participants: new Proxy({} as Parts['participants'], { get: asked }),
    operators: new Proxy({} as Parts['operators'], { get: asked }),
    bulk: new Proxy({} as Parts['bulk'], { get: asked }),
    definitions,
    clock: systemClock,
    ids: systemIds,
    log,
    registry,
    metrics: prometheusMetrics(registry),
    limits: GATEWAY_LIMITS,
    notReady: () => [],
  }
  const app = await httpApp(parts, { anonymous: false })
  const document = app.swagger()
  await app.close()
  return JSON.parse(JSON.stringify(document)) as JsonSchema
}
