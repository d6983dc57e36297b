/** What the program has around it. `main.ts` gives the process's own; tests give theirs. */
import type { Command } from 'commander'
import type { Ids } from '../../shared/ports/clock.ts'

export interface Stream {
  write(text: string): unknown
}

export interface Surroundings {
  /** Results, and nothing else. */
  readonly stdout: Stream
  /** Everything else. */
  readonly stderr: Stream
  /** Whether results are for a person's eyes: a terminal, and nobody said `NO_COLOR`. */
  readonly color: boolean
  /** Width of the terminal in characters, where there is one. */
  readonly columns?: number
  /** Where the gateway is when `--url` does not say so. */
  readonly url: string
  /** Who acts, when `--actor` does not say so. */
  readonly actor: string
  readonly ids: Ids
  /** Milliseconds since the epoch. */
  now(): number
  /** The text of a file; `-` is standard input. */
  readFile(path: string): Promise<string>
  /** Writes it, over one that is there. */
  writeFile(path: string, text: string): Promise<void>
}

/** Adds a command to the program. */
export type CliCommand = (program: Command, around: Surroundings) => void
