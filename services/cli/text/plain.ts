/** Text from outside as a terminal may show it: what would steer the terminal is made visible instead. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are just what this is about
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** One line without control characters, at most so many characters. */
export function plain(text: string, charsMax = 2_000): string {
  const line = text.replace(CONTROL, (c) =>
    c === '\n' || c === '\t' ? ' ' : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return line.length > charsMax ? `${line.slice(0, charsMax - 1)}…` : line
}
