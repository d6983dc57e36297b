/** Names of topics. The first three are co-partitioned: partition i of each belongs to the same owner. */

export interface KasagaTopics {
  readonly commands: string
  readonly replies: string
  readonly events: string
  readonly deadLetters: string
  /** What is said of participants to every process: limits, breakers. */
  readonly control: string
}

/** The topics of one installation, by its prefix: `kasaga.commands`, `kasaga.replies`, ... */
export function kasagaTopics(prefix: string): KasagaTopics {
  return {
    commands: `${prefix}.commands`,
    replies: `${prefix}.replies`,
    events: `${prefix}.events`,
    deadLetters: `${prefix}.dead-letters`,
    control: `${prefix}.control`,
  }
}

/** The topic on which a participant takes its commands: `payment.commands`. */
export function participantTopic(participant: string): string {
  return `${participant}.commands`
}
