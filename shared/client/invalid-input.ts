/** An input that does not fit its definition, or that no owner would take. Nothing was sent. */
export class InvalidInputError extends Error {
  /** What the schema says against it; empty when it is not even acceptable JSON. */
  readonly issues: readonly unknown[]

  constructor(message: string, issues: readonly unknown[]) {
    super(message)
    this.name = 'InvalidInputError'
    this.issues = issues
  }
}
