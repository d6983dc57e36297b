/** What operators ask of all sagas together, over HTTP. */
import type { TimerKind } from '../view/timer-kinds.ts'
import { CommandList } from './command-api.ts'
import { type Call, query } from './http-calls.ts'
import { AuditList, DefinitionCounts, IncidentList, IncidentSagas, LagAnswer } from './operator-api.ts'
import { TimerList } from './timer-api.ts'

export interface AuditCall {
  readonly actor?: string
  readonly type?: string
  readonly saga?: string
  readonly after?: string
  readonly limit?: number
}

export interface TimersCall {
  readonly saga?: string
  readonly kind?: TimerKind
  /** Only what was due before now. */
  readonly overdue?: boolean
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
  /** What a saga has sent, each attempt by itself, and what was answered. */
  commands(id: string, page?: { readonly after?: number; readonly limit?: number }): Promise<CommandList>
  /** What is due when; the first comes first. */
  timers(call?: TimersCall): Promise<TimerList>
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
    commands: (id, page = {}) => call(`/v1/sagas/${encodeURIComponent(id)}/commands${query(page)}`, CommandList),
    timers: (asked = {}) => call(`/v1/timers${query(asked)}`, TimerList),
    lag: () => call('/v1/lag', LagAnswer),
  }
}
