/** Named limits of the orchestrator. At a limit the partition is paused, which Kafka shows as lag; nothing is dropped. */

export interface OrchestratorLimits {
  /** Inputs that one turn takes. More makes orchestrator and participants wait for each other in step. */
  readonly turnInputsMax: number
  /** Bytes of inputs that one turn takes: it holds up everything else of its process while it is decided. At least one input. */
  readonly turnInputBytesMax: number
  /** Due timers that one turn takes while other inputs wait, so that neither starves the other (K24). */
  readonly turnTimersMax: number
  /** Held steps that one turn admits, so that what waited long does not hold up what comes. */
  readonly turnAdmitsMax: number
  /** Bytes of one batch; below a topic's `max.message.bytes`. */
  readonly batchBytesMax: number
  /** Bytes of one batch with the values that are kept aside: every reader has them in memory together. */
  readonly batchPayloadBytesMax: number
  /** Inputs of one partition and topic that wait in memory; at the limit the partition is paused in that topic. */
  readonly queuedInputsMax: number
  /** Their bytes; the same at that limit. */
  readonly queuedBytesMax: number
  /** Sagas of a partition that have not ended, all of which are in memory; at the limit its commands wait. */
  readonly liveSagasMax: number
  /** When none of them has ended for so long one turn takes commands all the same: they may wait for one. */
  readonly standstillMs: number
  /** Commands of all partitions that are not sent yet; at the limit no turn is taken. */
  readonly pendingEffectsMax: number
  /** Their bytes; the same at that limit. */
  readonly pendingEffectBytesMax: number
  /** Ended sagas that a partition remembers, so that their start is recognised when it comes again. */
  readonly endedSagasMax: number
  /** Of those, how many are remembered whole: children that their parents may undo, and sagas with a doubtful step. */
  readonly endedWholeMax: number
  /** Locks that nobody holds or waits for which a partition remembers one by one; tokens go on growing past it. */
  readonly freeLocksMax: number
  /** Records of a partition's log after which its owner writes a snapshot; 0: none are read or written. */
  readonly snapshotEvery: number
  /** How long leaving a partition waits for what is in flight. */
  readonly drainMsMax: number
}

export const ORCHESTRATOR_LIMITS: OrchestratorLimits = {
  turnInputsMax: 100,
  turnInputBytesMax: 8_000_000,
  turnTimersMax: 50,
  turnAdmitsMax: 100,
  batchBytesMax: 900_000,
  batchPayloadBytesMax: 64_000_000,
  queuedInputsMax: 5_000,
  queuedBytesMax: 32_000_000,
  liveSagasMax: 100_000,
  standstillMs: 1_000,
  pendingEffectsMax: 10_000,
  pendingEffectBytesMax: 64_000_000,
  endedSagasMax: 500_000,
  endedWholeMax: 50_000,
  freeLocksMax: 10_000,
  snapshotEvery: 20_000,
  drainMsMax: 5_000,
}
