/** A bug, as a change of a source text that is made while it is loaded. Nothing of it is in what is shipped. */
export interface Patch {
  /** From the root of the repository. */
  readonly file: string
  /** Stands in the file just once. */
  readonly text: string
  readonly instead: string
}

export interface Bug {
  /** Kebab-case. */
  readonly name: string
  /** What it does wrong. */
  readonly does: string
  readonly patches: readonly Patch[]
}

/** @throws Error when the text is not there, or there more than once: the bug would not be planted. */
export function patched(source: string, { file, text, instead }: Patch): string {
  const parts = source.split(text)
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times, not once: ${text}`)
  return parts.join(instead)
}
