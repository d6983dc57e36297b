/** What operators ask of all sagas together, over HTTP. */
import { type Call, query } from './http-calls.ts'
import { AuditList, DefinitionCounts, IncidentList, IncidentSagas, LagAnswer } from './operator-api.ts'

export interface AuditCall {
  readonly actor?: string
  readonly type?: string
  readonly saga?: string
  readonly after?: string
  readonly limit?: number
}

export interface OperatorCalls {
  /** What is wrong, grouped by how it fails. */
  incidents(): Promise<IncidentList>
  incidentSagas(fingerprint: string, page?: { readonly limit?: number }): Promise<IncidentSagas>
  /** What persons have asked, newest first. */
  audit(call?: AuditCall): Promise<AuditList>
  /** How many sagas of each version live. */
  definitionCounts(): Promise<DefinitionCounts>
  /** What waits between the parts, by partition. */
  lag(): Promise<LagAnswer>
}

export function operatorCalls(call: Call): OperatorCalls {
  return {
    incidents: () => call('/v1/incidents', IncidentList),
    incidentSagas: (fingerprint, page = {}) =>
      call(`/v1/incidents/${encodeURIComponent(fingerprint)}${query(page)}`, IncidentSagas),
    audit: (asked = {}) => call(`/v1/audit${query(asked)}`, AuditList),
    definitionCounts: () => call('/v1/definitions', DefinitionCounts),
    lag: () => call('/v1/lag', LagAnswer),
  }
}
