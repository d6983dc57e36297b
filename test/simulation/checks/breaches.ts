/** What was found to be broken, under the name of the invariant. The first one ends the seed. */
export interface Breach {
  readonly invariant: string
  readonly message: string
}

const BREACHES_MAX = 20

export class Breaches {
  readonly found: Breach[] = []

  add(invariant: string, message: string): void {
    if (this.found.length < BREACHES_MAX) this.found.push({ invariant, message })
  }

  expect(invariant: string, holds: boolean, message: () => string): void {
    if (!holds) this.add(invariant, message())
  }
}

/** Something was thrown: by a check that names its invariant, or by code that should not throw. */
export function breachIn(error: unknown): Breach {
  const message = error instanceof Error ? `${error.message}` : String(error)
  const invariant = /\b([SL]\d{1,2})\b/.exec(message)?.[1] ?? 'crash'
  const trace = invariant === 'crash' && error instanceof Error ? `\n${error.stack}` : ''
  return { invariant, message: message + trace }
}
