/** Waits until everything has come to its end, once nothing is disturbed any more: L1, L3, L6. */
import { allCheckpoints, countsByStatus } from '../../../shared/adapters/postgres/view-queries.ts'
import { messageOf } from '../../../shared/message/errors.ts'
import { pause } from '../faults/scene.ts'
import type { Stage } from '../stage/stage.ts'
import type { Violation } from './violation.ts'

/** An undo that has failed for a while is tried again after a minute; a step that got no answer after half of one. */
const REST_MS_MAX = 240_000
const LOOK_AGAIN_MS = 250

export interface Rest {
  readonly tookMs: number
  readonly violations: readonly Violation[]
}

/** At rest: as many sagas as were acknowledged are in the views, none is under way, and all commands are consumed. */
export async function untilRest(stage: Stage, acknowledged: number, withinMs = REST_MS_MAX): Promise<Rest> {
  const began = Date.now()
  let missing = 'nothing was seen'
  while (Date.now() - began < withinMs) {
    missing = await missingToRest(stage, acknowledged).catch((error: unknown) => messageOf(error))
    if (missing === '') return { tookMs: Date.now() - began, violations: [] }
    await pause(LOOK_AGAIN_MS)
  }
  const message = `${withinMs} ms after the last fault: ${missing}`
  return { tookMs: Date.now() - began, violations: [{ id: 'L1', message }] }
}

async function missingToRest({ home, topics }: Stage, acknowledged: number): Promise<string> {
  const { db } = (await home.views()).store
  const { running, compensating, completed, compensated, stuck, paused, failed } = await countsByStatus(db)
  const known = running + compensating + completed + compensated + stuck + paused + failed
  if (known !== acknowledged) return `${acknowledged} orders were acknowledged, and the views know ${known} sagas`
  if (running + compensating > 0) return `${running} sagas run, ${compensating} turn back`
  const [checkpoints, ends] = await Promise.all([allCheckpoints(db), home.broker.offsets(topics.commands)])
  const behind = ends.filter(({ partition, end }) => {
    const here = checkpoints.filter((checkpoint) => checkpoint.partition === partition)
    return end > 0n && (here.length === 0 || here.some(({ commands }) => commands < end))
  })
  if (behind.length === 0) return ''
  return `the views lack commands of the partitions ${behind.map(({ partition }) => partition).join(', ')}`
}
