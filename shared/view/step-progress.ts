/** What a step said of its progress last, as its row keeps it: bounded, however large a participant makes it. */
import type { Json } from '../message/json.ts'

/** Characters of JSON text that are kept; the whole stands in the event. */
export const PROGRESS_CHARS_MAX = 16_384

export interface ProgressColumns {
  /** JSON text, or the beginning of it. */
  readonly progress: string
  readonly progress_at: number
  /** Characters of the whole, where it was cut; null: it is whole. */
  readonly progress_cut_from: number | null
}

export function progressColumns(payload: Json, at: number): ProgressColumns {
  const text = JSON.stringify(payload)
  if (text.length <= PROGRESS_CHARS_MAX) return { progress: text, progress_at: at, progress_cut_from: null }
  return { progress: beginning(text), progress_at: at, progress_cut_from: text.length }
}

/** No half of a pair at the end: no database would give it back. */
function beginning(text: string): string {
  const last = text.charCodeAt(PROGRESS_CHARS_MAX - 1)
  const isHalf = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, PROGRESS_CHARS_MAX - (isHalf ? 1 : 0))
}
