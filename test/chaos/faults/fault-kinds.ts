/** The kinds of faults, by the hand that deals them: two hands, so that a fault of one comes while one of the other lasts. */

/** What is done to processes, and to what stands in the topics. */
export const PROCESS_FAULTS = [
  'kill-orchestrator',
  'kill-other',
  'pause-orchestrator',
  'pause-other',
  'stop',
  'join-and-leave',
  'duplicates',
  'rubbish',
] as const

/** What is done to servers, and to the network before them. */
export const SERVER_FAULTS = [
  'broker-kill',
  'brokers-restart',
  'postgres-fast',
  'postgres-immediate',
  'cut',
  'delay',
  'half-close',
  'hold',
  'late-appends',
] as const

export const FAULT_KINDS = [...PROCESS_FAULTS, ...SERVER_FAULTS] as const
export type FaultKind = (typeof FAULT_KINDS)[number]
