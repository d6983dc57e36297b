/** Participants over HTTP. */
import type { ParticipantLimits } from '../flow/limits.ts'
import type { ActCall, Call, Change } from './http-calls.ts'
import { LimitsAnswer, ParticipantDetail, ParticipantList } from './participant-api.ts'

export interface ParticipantCalls {
  participants(): Promise<ParticipantList>
  participant(name: string): Promise<ParticipantDetail>
  setLimits(participant: string, limits: ParticipantLimits, call: ActCall): Promise<LimitsAnswer>
  clearLimits(participant: string, call: ActCall): Promise<LimitsAnswer>
}

const participant = (name: string) => `/v1/participants/${encodeURIComponent(name)}`

export function participantCalls(call: Call, change: Change): ParticipantCalls {
  return {
    participants: () => call('/v1/participants', ParticipantList),
    participant: (name) => call(participant(name), ParticipantDetail),
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
