/** Who reads a text: whether in colours, and when. */
export interface Eyes {
  readonly color: boolean
  /** Milliseconds since the epoch. */
  readonly now: number
}
