/** All that an owner knows once it has read its log, as plain data that can be compared. Whatever is told is used up. */
import { canonicalJson } from '../../../shared/message/json.ts'
import type { LogReplay } from '../../../shared/runtime/log-replay.ts'
import type { PartitionState } from '../../../shared/runtime/partition-state.ts'
import { linesOf } from '../../../shared/runtime/snapshot/snapshot-text.ts'
import { capture } from '../../../shared/runtime/snapshot/state-tables.ts'

/** The memory, with all that follows from it. */
export function toldState(state: PartitionState) {
  const due: string[] = []
  for (let at = state.due.earliest(); at !== undefined; at = state.due.earliest())
    due.push(`${at} ${state.due.takeDue(Number.POSITIVE_INFINITY)}`)
  return {
    entries: [...linesOf(capture(state.tables, 'all'))].map((line) => canonicalJson(JSON.parse(line))),
    due: due.sort(),
    missing: state.withoutPlan
      .missing()
      .map((plan) => JSON.stringify(plan))
      .sort(),
    quarantined: [...state.quarantined].sort(),
    rest: state.rest,
    live: state.liveSagas,
  }
}

export function told(replay: LogReplay) {
  const { marks, nextOffset, lastNumber } = replay
  return { ...toldState(replay.state), marks, nextOffset, lastNumber }
}
