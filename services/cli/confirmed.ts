/** Asks a person before the terminal for a yes. */
import { createInterface } from 'node:readline/promises'
import type { Readable, Writable } from 'node:stream'

/** Anything but `y` or `yes` is a no; so is the end of the input. */
export async function confirmed(
  question: string,
  { stdin, stderr }: { readonly stdin: Readable; readonly stderr: Writable },
): Promise<boolean> {
  const lines = createInterface({ input: stdin, output: stderr })
  lines.once('SIGINT', () => lines.close())
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `), closed])
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    lines.close()
  }
}
