/** What an error's text says whichever record it is about: ids and figures are taken out, so that alike failures read alike. */

const PATTERN_CHARS_MAX = 200
/** Texts are cut before they are looked at: it is the beginning that tells failures apart. */
const LOOKED_AT_CHARS_MAX = 1_000
/** A shorter id may be any word. */
const ID_CHARS_MIN = 3

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi
/** Hashes, ULIDs and the like: long words of letters and figures. */
const LONG_WORD = /\b(?=[a-z]*\d)[a-z\d]{16,}\b/gi
const HEX = /\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\b/gi
const FIGURE = /\d+(?:\.\d+)?/g

/** The text without what is the record's own. `ids`: those that the record is known by, its key and its saga. */
export function errorPattern(text: string, ids: readonly (string | undefined)[] = []): string {
  let left = text.slice(0, LOOKED_AT_CHARS_MAX)
  for (const id of ids) if (id !== undefined && id.length >= ID_CHARS_MIN) left = withoutId(left, id)
  left = left.replace(UUID, '#').replace(LONG_WORD, '#').replace(HEX, '#').replace(FIGURE, '#')
  return left.replace(/\s+/g, ' ').trim().slice(0, PATTERN_CHARS_MAX)
}

const INSIDE_A_WORD = /[\p{L}\p{N}_]/u

/** Only where it stands as a word by itself: an id may be a part of other words. */
function withoutId(text: string, id: string): string {
  const parts = text.split(id)
  return parts.reduce((before, after) => {
    const isPart = INSIDE_A_WORD.test(before.at(-1) ?? '') || INSIDE_A_WORD.test(after[0] ?? '')
    return `${before}${isPart ? id : '#'}${after}`
  })
}
