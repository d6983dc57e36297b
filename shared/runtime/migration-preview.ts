/** What would become of the live sagas of one version if they were moved: the log is read, and nothing is changed. */
import { BatchReader } from '../message/batch.ts'
import type { EventEnvelope } from '../message/events.ts'
import type { SagaId } from '../message/ids.ts'
import type { Broker } from '../ports/broker.ts'
import { isOver } from '../saga/backward.ts'
import type { Definitions } from '../saga/definition.ts'
import { evolve } from '../saga/evolve.ts'
import { whyNotMigrated } from '../saga/migrate.ts'
import type { SagaState } from '../saga/state.ts'
import { migrationTarget } from './migration-target.ts'

export interface MigrationWish {
  readonly definition: string
  readonly from: number
  readonly to: number
  /** Only this one. */
  readonly saga?: string | undefined
}

/** One saga, and what its move would come to. */
export interface PreviewedSaga {
  readonly saga: SagaId
  readonly status: SagaState['status']
  /** Absent: it would be moved. */
  readonly refused?: { readonly reason: string; readonly message: string }
}

export interface MigrationPreview {
  readonly sagas: readonly PreviewedSaga[]
  /** Sagas with an event that cannot be read or folded: nothing is known of them. */
  readonly unreadable: readonly string[]
}

export interface PreviewOptions {
  readonly broker: Broker
  /** The events' topic. */
  readonly topic: string
  readonly definitions: Definitions
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Reads the whole log; sagas that have ended are dropped as they end. */
export async function previewMigration(wish: MigrationWish, options: PreviewOptions): Promise<MigrationPreview> {
  const sagas: PreviewedSaga[] = []
  const unreadable = new Set<string>()
  for (const { partition } of await options.broker.offsets(options.topic)) {
    const fold = new LiveFold(unreadable)
    const reader = new BatchReader()
    for await (const records of options.broker.read(options.topic, partition, 0n))
      for (const record of records)
        for (const { decoded } of reader.read(record)?.events ?? []) {
          if (decoded.kind === 'event') fold.take(decoded.envelope)
          else if (decoded.sagaId !== undefined) fold.drop(decoded.sagaId as SagaId)
        }
    for (const state of fold.live.values()) if (isMeant(state, wish)) sagas.push(preview(state, wish, options))
  }
  return { sagas, unreadable: [...unreadable] }
}

function isMeant(state: SagaState, { definition, from, saga }: MigrationWish): boolean {
  const one = saga === undefined || state.id === saga
  return one && state.definition === definition && state.version === from && !isOver(state.root)
}

function preview(state: SagaState, { to }: MigrationWish, { definitions, now }: PreviewOptions): PreviewedSaga {
  const act = { requestId: 'preview', actor: 'preview', reason: 'preview' }
  const input = { kind: 'migrate', sagaId: state.id, toVersion: to, ...act } as const
  const target = migrationTarget(definitions, state, input)
  const why = whyNotMigrated({ state, input, moment: { now, chance: 0 }, target })
  const { id: saga, status } = state
  if (!why) return { saga, status }
  return { saga, status, refused: { reason: why.reason, message: why.kind === 'refused' ? why.message : why.reason } }
}

/** The states of the sagas of one partition that live. One that cannot be folded is left out, and told. */
class LiveFold {
  readonly live = new Map<SagaId, SagaState>()
  readonly #unreadable: Set<string>

  constructor(unreadable: Set<string>) {
    this.#unreadable = unreadable
  }

  take(envelope: EventEnvelope): void {
    const { sagaId, seq } = envelope
    const known = this.live.get(sagaId)
    // What follows the end of a saga moves no one.
    if (this.#unreadable.has(sagaId) || (!known && seq > 1)) return
    try {
      const state = evolve(known, envelope)
      if (state.status === 'failed' || isOver(state.root)) this.live.delete(sagaId)
      else this.live.set(sagaId, state)
    } catch {
      // A log that breaks its own rules says nothing of this saga.
      this.drop(sagaId)
    }
  }

  drop(id: SagaId): void {
    this.live.delete(id)
    this.#unreadable.add(id)
  }
}
