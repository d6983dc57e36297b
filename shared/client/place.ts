/** Where a command stands in the log. A view that has consumed past it has seen what came of it. */
export interface Place {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}
