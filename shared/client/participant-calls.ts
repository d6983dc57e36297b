/** Participants over HTTP. */
import type { ParticipantLimits } from '../flow/limits.ts'
import { type ActCall, type Call, type Change, query } from './http-calls.ts'
import { LimitsAnswer, ParticipantDetail, ParticipantList } from './participant-api.ts'

export interface RecentSpan {
  readonly minutes?: number
}

export interface ParticipantCalls {
  /** `minutes`: how far back `recent` looks; 5 unless told otherwise. */
  participants(span?: RecentSpan): Promise<ParticipantList>
  participant(name: string, span?: RecentSpan): Promise<ParticipantDetail>
  setLimits(participant: string, limits: ParticipantLimits, call: ActCall): Promise<LimitsAnswer>
  clearLimits(participant: string, call: ActCall): Promise<LimitsAnswer>
}

const participant = (name: string) => `/v1/participants/${encodeURIComponent(name)}`

export function participantCalls(call: Call, change: Change): ParticipantCalls {
  return {
    participants: (span = {}) => call(`/v1/participants${query(span)}`, ParticipantList),
    participant: (name, span = {}) => call(`${participant(name)}${query(span)}`, ParticipantDetail),
    setLimits: (name, limits, { requestId, ...body }) =>
      change(`${participant(name)}/limits`, LimitsAnswer, {
        method: 'PUT',
        body: { ...body, limits },
        ...(requestId !== undefined && { requestId }),
      }),
    clearLimits: (name, { requestId, ...body }) =>
      change(`${participant(name)}/limits`, LimitsAnswer, {
        method: 'DELETE',
        body,
        ...(requestId !== undefined && { requestId }),
      }),
  }
}
