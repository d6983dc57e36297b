/** Brings what the control topic says of participants into the views: all of it at the start, then what comes. */
import type { ParticipantFacts, ParticipantViewWriter } from '../../shared/ports/view-store.ts'
import { ControlFollower, type ControlFollowerPorts, type PlacedFact } from '../../shared/runtime/control-follower.ts'

export interface ParticipantFeedOptions extends ControlFollowerPorts {
  readonly writer: ParticipantViewWriter
}

export class ParticipantFeed {
  readonly #follower: ControlFollower

  constructor(options: ParticipantFeedOptions) {
    const { writer } = options
    this.#follower = new ControlFollower(options, (facts, isFirst) =>
      isFirst ? writer.replace(factsOf(facts)) : writer.put(factsOf(facts)),
    )
  }

  /** Begins to follow, and waits for nothing: the views of sagas do not need it. */
  start(): void {
    void this.#follower.start()
  }

  async stop(): Promise<void> {
    await this.#follower.stop()
  }
}

function factsOf(facts: readonly PlacedFact[]): ParticipantFacts {
  return {
    limits: facts.flatMap((fact) => {
      if (fact.kind !== 'limits-set') return []
      const { participant, limits, actor, reason, at, offset } = fact
      return [{ participant, json: limits === null ? null : JSON.stringify(limits), actor, reason, at, offset }]
    }),
    breakers: facts.flatMap((fact) => {
      if (fact.kind === 'limits-set') return []
      const { kind, participant, process, since, failures, calls, at, offset } = fact
      return [{ participant, process, isOpen: kind === 'breaker-opened', since, failures, calls, at, offset }]
    }),
  }
}
