/** Which kind is carried out how. */
import type { FaultKind } from './fault-kinds.ts'
import { joinAndLeave } from './membership-fault.ts'
import { appendLate, cut, delay, halfClose, hold } from './network-faults.ts'
import { killOrchestrator, killOther, pauseOrchestrator, pauseOther, stopInOrder } from './process-faults.ts'
import { duplicate, litter } from './record-faults.ts'
import type { CarryOut } from './scene.ts'
import { killBroker, restartBrokers, restartPostgres } from './server-faults.ts'

export const FAULTS: Readonly<Record<FaultKind, CarryOut>> = {
  'kill-orchestrator': killOrchestrator,
  'kill-other': killOther,
  'pause-orchestrator': pauseOrchestrator,
  'pause-other': pauseOther,
  stop: stopInOrder,
  'join-and-leave': joinAndLeave,
  duplicates: duplicate,
  rubbish: litter,
  'broker-kill': killBroker,
  'brokers-restart': restartBrokers,
  'postgres-fast': restartPostgres('fast'),
  'postgres-immediate': restartPostgres('immediate'),
  cut,
  delay,
  'half-close': halfClose,
  hold,
  'late-appends': appendLate,
}
