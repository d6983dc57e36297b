/** Cuts lines of text, each with its end, into pieces of bytes: all but the last of one size. */
export function* piecesOf(lines: Iterable<string>, bytesMax: number): Generator<Uint8Array> {
  let text: string[] = []
  let length = 0
  let left = Buffer.alloc(0)
  for (const line of lines) {
    text.push(line, '\n')
    length += line.length + 1
    // A character has one byte at least.
    if (left.length + length < bytesMax) continue
    left = Buffer.concat([left, Buffer.from(text.join(''))])
    text = []
    length = 0
    let from = 0
    for (; left.length - from >= bytesMax; from += bytesMax) yield left.subarray(from, from + bytesMax)
    left = left.subarray(from)
  }
  left = Buffer.concat([left, Buffer.from(text.join(''))])
  for (let from = 0; from < left.length; from += bytesMax) yield left.subarray(from, from + bytesMax)
}
