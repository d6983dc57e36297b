/** Something that must not be, by the id of its invariant where it has one. */
export interface Violation {
  readonly id: string
  readonly message: string
}
