/** Dead letters over HTTP. */
import { LetterDetail, LetterList, RedriveAnswer } from './dead-letter-api.ts'
import { type Call, type Change, query } from './http-calls.ts'

export interface LetterListCall {
  readonly reason?: string
  readonly topic?: string
  readonly key?: string
  readonly redriven?: 'no' | 'yes' | 'all'
  readonly order?: 'newest' | 'oldest'
  /** Id of the letter behind which the list goes on. */
  readonly after?: string
  readonly limit?: number
}

export interface RedriveCall {
  readonly ids: readonly string[]
  readonly reason: string
  readonly actor?: string
  /** Also those that were put back already, or too often. */
  readonly force?: boolean
}

export interface DeadLetterCalls {
  /** Records that could not be used, the newest first. */
  deadLetters(call?: LetterListCall): Promise<LetterList>
  deadLetter(id: string): Promise<LetterDetail>
  /** Puts dead letters back where they came from. */
  redrive(call: RedriveCall): Promise<RedriveAnswer>
}

export function deadLetterCalls(call: Call, change: Change): DeadLetterCalls {
  return {
    deadLetters: (filter = {}) => call(`/v1/dead-letters${query(filter)}`, LetterList),
    deadLetter: (id) => call(`/v1/dead-letters/${encodeURIComponent(id)}`, LetterDetail),
    redrive: (body) => change('/v1/dead-letters/redrive', RedriveAnswer, { body }),
  }
}
