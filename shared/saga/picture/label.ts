/** Text of a picture: clean, cut into lines, and as wide as a typewriter makes it, so that a box is known to hold it. */

/** Nobody sees these, and some would turn the text around or end the document: what a picture shows is what there is. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu
/** What most fonts draw twice as wide. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u

/** One line of text with nothing in it that cannot be seen. */
export function seen(text: string): string {
  return text.replace(/\s+/g, ' ').replace(UNSEEN, '\ufffd').trim()
}

/** How many columns a text takes. */
export function columnsOf(text: string): number {
  let columns = 0
  for (const char of text) columns += WIDE.test(char) ? 2 : 1
  return columns
}

/** The text in lines of so many columns, broken between words where that can be; what is over ends in an ellipsis. */
export function wrapped(text: string, columns: number, linesMax: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of seen(text)
    .split(' ')
    .flatMap((one) => pieces(one, columns))) {
    const longer = line === '' ? word : `${line} ${word}`
    if (columnsOf(longer) <= columns) line = longer
    else {
      lines.push(line)
      line = word
    }
  }
  lines.push(line)
  if (lines.length <= linesMax) return lines
  const kept = lines.slice(0, linesMax)
  return kept.with(-1, `${cut(kept.at(-1) ?? '', columns - 1)}…`)
}

/** A word in pieces that each fit into a line. */
function pieces(word: string, columns: number): string[] {
  if (columnsOf(word) <= columns) return [word]
  const first = cut(word, columns)
  return [first, ...pieces(word.slice(first.length), columns)]
}

/** As much of the text as fits, at least one character. */
function cut(text: string, columns: number): string {
  let kept = ''
  for (const char of text) {
    if (kept !== '' && columnsOf(kept + char) > columns) break
    kept += char
  }
  return kept
}
