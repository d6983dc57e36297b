/** Examines an installation through its gateway. */
import type { HttpClient } from '../../shared/client/http-client.ts'
import { type Finding, judgeClock, judgeDefinitions, judgeLag, judgeSagas } from './findings.ts'

/** @throws GatewayError when the gateway does not answer. */
export async function examineGateway(
  client: Pick<HttpClient, 'lag' | 'counts' | 'definitionCounts'>,
  now: () => number,
): Promise<readonly Finding[]> {
  const counts = await client.counts()
  const lag = await client.lag()
  const { definitions } = await client.definitionCounts()
  return [
    { check: 'gateway', status: 'ok', says: 'it answers, and the views answer it' },
    judgeClock('the gateway', Date.parse(lag.at) - now()),
    ...judgeLag(lag),
    judgeSagas(counts),
    judgeDefinitions(definitions),
  ]
}
