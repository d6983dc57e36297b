/** What the program has around it. `main.ts` gives the process's own; tests give theirs. */
import type { Command } from 'commander'
import type { Ids } from '../../shared/ports/clock.ts'
import type { StopSignal } from '../../shared/runtime/stop-signal.ts'
import type { ProgressLine } from './text/progress-line.ts'

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
  /** How far it has come, for whoever looks on. */
  readonly progress?: ProgressLine
  /** Asks whoever sits before it; absent: nobody does. */
  readonly confirm?: (question: string) => Promise<boolean>
  /** Lets whoever sits before it change a text; absent: nobody does, or there is no editor. */
  readonly editText?: (text: string, name: string) => Promise<string>
  /** From then on the first Ctrl-C only says so, and the second ends it. */
  readonly stopping?: () => Pick<StopSignal, 'stopped' | 'wait'>
  /** Writes it, over one that is there. */
  writeFile(path: string, text: string): Promise<void>
}

/** Adds a command to the program. */
export type CliCommand = (program: Command, around: Surroundings) => void
