/** Dead letters over HTTP. */
import {
  EditAnswer,
  LetterDetail,
  type LetterEdit,
  LetterIds,
  LetterList,
  LetterValidation,
  RedriveAnswer,
} from './dead-letter-api.ts'
import { type Call, type Change, query } from './http-calls.ts'

export interface LetterFilterCall {
  readonly reason?: string
  readonly topic?: string
  readonly key?: string
  /** The saga that the headers name; where they name none, the key. */
  readonly saga?: string
  /** Those that failed in this way. */
  readonly fingerprint?: string
  /** Given up then or later, RFC 3339. */
  readonly since?: string
  /** Given up before then, RFC 3339. */
  readonly until?: string
  readonly redriven?: 'no' | 'yes' | 'all'
}

export interface LetterListCall extends LetterFilterCall {
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

export interface EditLetterCall {
  readonly edit: LetterEdit
  readonly reason: string
  readonly actor?: string
  /** Also where that changes what the record is known by. */
  readonly identity?: boolean
  /** Also one that was put back already, or too often, or of which it is not known what would become. */
  readonly force?: boolean
}

export interface DeadLetterCalls {
  /** Records that could not be used, the newest first, and how they failed. */
  deadLetters(call?: LetterListCall): Promise<LetterList>
  /** Which they are, and how many. */
  deadLetterIds(filter?: LetterFilterCall): Promise<LetterIds>
  deadLetter(id: string): Promise<LetterDetail>
  /** Puts dead letters back where they came from. */
  redrive(call: RedriveCall): Promise<RedriveAnswer>
  /** What would become of it, as it is or mended so. Nothing is written. */
  validateLetter(id: string, edit?: LetterEdit): Promise<LetterValidation>
  /** Puts a mended copy to where it came from, if that would be taken. */
  editLetter(id: string, call: EditLetterCall): Promise<EditAnswer>
}

export function deadLetterCalls(call: Call, change: Change): DeadLetterCalls {
  return {
    deadLetters: (filter = {}) => call(`/v1/dead-letters${query(filter)}`, LetterList),
    deadLetterIds: (filter = {}) => call(`/v1/dead-letters/ids${query(filter)}`, LetterIds),
    deadLetter: (id) => call(`/v1/dead-letters/${encodeURIComponent(id)}`, LetterDetail),
    validateLetter: (id, edit) =>
      change(`/v1/dead-letters/${encodeURIComponent(id)}/validate`, LetterValidation, { body: { edit } }),
    editLetter: (id, body) => change(`/v1/dead-letters/${encodeURIComponent(id)}/edit`, EditAnswer, { body }),
    redrive: (body) => change('/v1/dead-letters/redrive', RedriveAnswer, { body }),
  }
}
