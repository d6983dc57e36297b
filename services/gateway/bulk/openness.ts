/** Whether a saga is open to an act, as far as the views know: its owner decides, and refuses what is not. */
import type { ActStanding } from '../../../shared/adapters/postgres/bulk-queries.ts'
import type { BulkAct, BulkKind, NotOpenReason } from '../../../shared/client/bulk-api.ts'

type Known = Exclude<ActStanding['status'], null>
type Rule = Partial<Record<Known, NotOpenReason>>

const LIVE: Rule = { completed: 'ended', compensated: 'ended', failed: 'ended' }
const STUCK: Rule = { ...LIVE, running: 'not-stuck', compensating: 'not-stuck' }
const FORWARD: Rule = { ...LIVE, compensating: 'already-compensating' }

/** By status: why it is not open; open, where nothing is said. */
const RULES: Readonly<Record<BulkKind, Rule>> = {
  cancel: FORWARD,
  kill: LIVE,
  pause: { ...LIVE, paused: 'already-paused' },
  resume: { ...LIVE, running: 'not-paused', compensating: 'not-paused', stuck: 'not-paused' },
  retry: { ...STUCK, paused: 'not-stuck' },
  resolve: STUCK,
  skip: FORWARD,
  signal: FORWARD,
}

/** What is stuck on an undo after its end still waits for a person. */
const AFTER_THE_END: ReadonlySet<BulkKind> = new Set(['retry', 'resolve'])
const ONLY_FORWARD: ReadonlySet<BulkKind> = new Set(['cancel', 'skip', 'signal'])

/** `undefined`: it is open. */
export function whyNotOpen(act: BulkAct, standing: ActStanding): NotOpenReason | undefined {
  const { status, phase, ended, stopped, unreadable } = standing
  if (unreadable || status === null) return 'unreadable'
  if (stopped) return act.kind === 'retry' && !ended ? undefined : 'stopped'
  if (ended && !(status === 'stuck' && AFTER_THE_END.has(act.kind))) return 'ended'
  const ofStatus = RULES[act.kind][status]
  if (ofStatus !== undefined) return ofStatus
  if (ONLY_FORWARD.has(act.kind) && phase === 'compensating') return 'already-compensating'
  return isAtStep(act, standing) ? undefined : 'not-at-step'
}

function isAtStep(act: BulkAct, { parked, underWay }: ActStanding): boolean {
  const isAbout = 'step' in act && act.step !== undefined
  return !isAbout || parked || (act.kind === 'skip' && underWay)
}
