/** How a command ends when it does not end well. */

/** 0: done. 1: the answer is no. 2: it could not be asked. */
export type ExitCode = 0 | 1 | 2

/** One sentence that says what is wrong, and one that says what to do next. */
export class CliFailure extends Error {
  readonly exitCode: 1 | 2
  /** Stable; what scripts look at. */
  readonly code: string
  readonly next: string | undefined

  constructor(exitCode: 1 | 2, code: string, told: { readonly message: string; readonly next?: string | undefined }) {
    super(told.message)
    this.name = 'CliFailure'
    this.exitCode = exitCode
    this.code = code
    this.next = told.next
  }
}

export const EXIT_CODES_HELP = `
Exit codes:
  0  done
  1  the answer is no: refused, not found, or (with --wait) not completed
  2  it could not be asked: wrong usage, or no gateway answers`
