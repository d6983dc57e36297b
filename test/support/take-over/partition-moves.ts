/** Who had which partition when: as processes say it, and as the log has it. */
import { type AcceptedBatch, BatchReader } from '../../../shared/message/batch.ts'
import type { Broker } from '../../../shared/ports/broker.ts'
import type { ServiceProcess } from '../kafka-home/fleet.ts'

export const TAKEN = 'partition taken over'
export const LET_GO = 'partition let go'
export const SHARED_OUT = 'the group has shared out its partitions'
const MOVES: ReadonlySet<string> = new Set([TAKEN, LET_GO, SHARED_OUT])

/** What an orchestrator says that it holds. */
export function heldBy({ lines }: ServiceProcess): ReadonlySet<number> {
  const held = new Set<number>()
  for (const { msg, partition } of lines) {
    if (partition === undefined) continue
    if (msg === TAKEN) held.add(partition)
    else if (msg === LET_GO) held.delete(partition)
  }
  return held
}

/** How often partitions were shared out, taken over and let go. */
export function movesOf(processes: readonly ServiceProcess[]): number {
  return processes.reduce((sum, { lines }) => sum + lines.filter(({ msg }) => MOVES.has(msg)).length, 0)
}

/** When a group had shared its partitions out, since a moment: as the first of its members says it, round by round. */
export function roundsSince(processes: readonly ServiceProcess[], since: number): readonly number[] {
  const told = processes.flatMap(({ lines }) => lines.filter(({ msg }) => msg === SHARED_OUT))
  const rounds = new Map<unknown, number>()
  for (const { generation, time } of told) {
    const at = Date.parse(time)
    if (at >= since) rounds.set(generation, Math.min(at, rounds.get(generation) ?? at))
  }
  return [...rounds.values()].sort((a, b) => a - b)
}

/** The accepted batches of a log, and how many are void. */
export async function batchesOf(
  broker: Broker,
  topic: string,
  partition: number,
): Promise<{ readonly accepted: readonly AcceptedBatch[]; readonly isVoid: number }> {
  const reader = new BatchReader()
  const accepted: AcceptedBatch[] = []
  for await (const records of broker.read(topic, partition, 0n))
    for (const record of records) {
      const batch = reader.read(record)
      if (batch) accepted.push(batch)
    }
  return { accepted, isVoid: reader.voidBatches }
}
