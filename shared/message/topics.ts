/** Names of topics. The first four are co-partitioned: partition i of each belongs to the same owner. */

export interface KasagaTopics {
  readonly commands: string
  readonly replies: string
  readonly events: string
  /** What an owner's memory was at some batch of the log, so that the next one need not read all before it. */
  readonly snapshots: string
  readonly deadLetters: string
  /** What is said of participants to every process: limits, breakers. */
  readonly control: string
  /** The gateways' own: what they are asked to ask of many sagas, and how far that is. */
  readonly bulk: string
}

/** The topics of one installation, by its prefix: `kasaga.commands`, `kasaga.replies`, ... */
export function kasagaTopics(prefix: string): KasagaTopics {
  return {
    commands: `${prefix}.commands`,
    replies: `${prefix}.replies`,
    events: `${prefix}.events`,
    snapshots: `${prefix}.snapshots`,
    deadLetters: `${prefix}.dead-letters`,
    control: `${prefix}.control`,
    bulk: `${prefix}.bulk`,
  }
}

/** The topic on which a participant takes its commands: `payment.commands`. */
export function participantTopic(participant: string): string {
  return `${participant}.commands`
}
