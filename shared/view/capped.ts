/** Texts that came from outside, as rows keep them: the whole of a long one stands in its event. */

/** Characters that a row keeps of a message. */
export const MESSAGE_CHARS_MAX = 2_000

/** The text, or the beginning of a long one, which says how long the whole was. */
export function capped(text: string): string {
  if (text.length <= MESSAGE_CHARS_MAX) return text
  return `${text.slice(0, MESSAGE_CHARS_MAX).toWellFormed()}… (${text.length} characters)`
}
