/**
 * Says which sagas the owners of this process have stopped deciding for. A log does not say so, because nothing could be
 * decided; without this a person would see a saga that runs.
 *
 * What the control topic says of a partition is held against what its owner here has, each time that either changes: what is
 * not so is said anew. So it comes right whoever said what before, a process that died or a paused owner included. Of a
 * partition that nobody owns the last word stands.
 */
import type { ControlFact, SagaFact } from '../message/control-record.ts'
import { isAboutSaga } from '../message/control-record.ts'
import { isSagaId, type SagaId } from '../message/ids.ts'
import type { Stopped } from './partition-state.ts'

export interface StoppedSagasPorts {
  /** Names this process. */
  readonly process: string
  readonly say: (fact: Omit<SagaFact, 'requestId'>) => void
}

/** Of each partition; how many there are is `kasaga_sagas_quarantined`. */
const TOLD_MAX = 1_000

export class StoppedSagas {
  readonly #ports: StoppedSagasPorts
  /** What the topic says is stopped, as far as it was read, and what was said here since; by partition. */
  readonly #told = new Map<number, Map<SagaId, Stopped>>()
  readonly #owned = new Map<number, ReadonlyMap<string, Stopped>>()

  constructor(ports: StoppedSagasPorts) {
    this.#ports = ports
  }

  /** Takes what the topic says. */
  take(facts: readonly ControlFact[]): void {
    const about = facts.filter(isAboutSaga)
    for (const { kind, sagaId, partition, since, why } of about) {
      const told = this.#of(partition)
      if (kind === 'saga-stopped') told.set(sagaId, { since, why })
      else told.delete(sagaId)
    }
    for (const partition of new Set(about.map(({ partition }) => partition))) this.tell(partition)
  }

  /** The partition is owned here, and this is what its owner has stopped: its own table, which changes under it. */
  attach(partition: number, stopped: ReadonlyMap<string, Stopped>): void {
    this.#owned.set(partition, stopped)
    this.tell(partition)
  }

  detach(partition: number): void {
    this.#owned.delete(partition)
  }

  /** Says what has changed of a partition that is owned here. */
  tell(partition: number): void {
    const stopped = this.#owned.get(partition)
    if (!stopped) return
    const told = this.#of(partition)
    for (const [sagaId, was] of [...told]) {
      if (stopped.has(sagaId)) continue
      told.delete(sagaId)
      this.#say('saga-tried-again', { sagaId, partition, ...was })
    }
    for (const [id, now] of stopped) {
      if (told.size >= TOLD_MAX) return
      if (!isSagaId(id) || told.get(id)?.since === now.since) continue
      told.set(id, now)
      this.#say('saga-stopped', { sagaId: id, partition, ...now })
    }
  }

  #say(kind: SagaFact['kind'], fact: Pick<SagaFact, 'sagaId' | 'partition' | 'since' | 'why'>): void {
    this.#ports.say({ kind, ...fact, process: this.#ports.process })
  }

  #of(partition: number): Map<SagaId, Stopped> {
    const known = this.#told.get(partition) ?? new Map<SagaId, Stopped>()
    this.#told.set(partition, known)
    return known
  }
}
