/** Progress on standard error: one line that replaces the one before on a terminal, now and again a new line elsewhere. */

export interface ProgressLine {
  show(line: string): void
  /** Takes the line away, before something else is written. */
  clear(): void
}

interface Terminal {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** Without a terminal at most one line in that time. */
const LINE_EVERY_MS = 2_000

export function progressLine(stream: Terminal, now: () => number): ProgressLine {
  let shownAt = Number.NEGATIVE_INFINITY
  let open = false
  return {
    show(line) {
      if (stream.isTTY) {
        stream.write(`\r\u001b[K${line}`)
        open = true
      } else if (now() - shownAt >= LINE_EVERY_MS) {
        stream.write(`${line}\n`)
        shownAt = now()
      }
    },
    clear() {
      if (open) stream.write('\r\u001b[K')
      open = false
    },
  }
}
