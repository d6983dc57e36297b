/** Brings what the control topic says into the views: all of it at the start, then what comes. */
import { isAboutSaga } from '../../shared/message/control-record.ts'
import type { ControlFacts, ControlViewWriter } from '../../shared/ports/view-store.ts'
import { ControlFollower, type ControlFollowerPorts, type PlacedFact } from '../../shared/runtime/control-follower.ts'

export interface ControlFeedOptions extends ControlFollowerPorts {
  readonly writer: ControlViewWriter
}

export class ControlFeed {
  readonly #follower: ControlFollower

  constructor(options: ControlFeedOptions) {
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

function factsOf(facts: readonly PlacedFact[]): ControlFacts {
  return {
    limits: facts.flatMap((fact) => {
      if (fact.kind !== 'limits-set') return []
      const { participant, limits, actor, reason, at, offset } = fact
      return [{ participant, json: limits === null ? null : JSON.stringify(limits), actor, reason, at, offset }]
    }),
    breakers: facts.flatMap((fact) => {
      if (fact.kind === 'limits-set' || isAboutSaga(fact)) return []
      const { kind, participant, process, since, failures, calls, at, offset } = fact
      return [{ participant, process, isOpen: kind === 'breaker-opened', since, failures, calls, at, offset }]
    }),
    sagas: facts.flatMap((fact) => {
      if (!isAboutSaga(fact)) return []
      const { kind, sagaId: saga, why, since, offset } = fact
      return [{ saga, isStopped: kind === 'saga-stopped', why, since, offset }]
    }),
  }
}
