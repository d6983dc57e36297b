/** Says what an audit covered, what it could not, and why: a clean report is worth what it looked at. */
import type { AuditOptions } from './audit.ts'
import type { Findings } from './findings.ts'

export interface Covered {
  readonly sagas: number
  /** Sagas whose definition was not at hand. */
  readonly unplanned: number
  readonly batches: number
  /** Events with a hash, and those of an older log without one. */
  readonly chained: number
  readonly unchained: number
  /** Locks that were ever asked for. */
  readonly locks: number
  /** Rows of sagas in the views. */
  readonly rows: number
  /** Events of the log that the views do not hold yet. */
  readonly viewsBehind: number
  /** Sagas that were held against snapshots; `undefined`: there are none of this log. */
  readonly inSnapshots: number | undefined
  /** Commands read from the participants' topics. */
  readonly sends: number
  /** Commands to child sagas and locks. */
  readonly toChildren: number
  /** Sagas that a person ended as they were. */
  readonly killed: number
  readonly unaccounted: bigint
  /** Partitions with effects that the log does not say to be sent. */
  readonly unsent: readonly number[]
}

const BY_HISTORY = ['S1', 'S3', 'S4', 'S5', 'S6', 'S7', 'S9', 'S14', 'S15', 'S23']
const BY_BATCHES = ['S11', 'S12', 'S20']

/** Invariants that what is at rest cannot show, and where they are shown instead. */
const ELSEWHERE: readonly (readonly [id: string, why: string])[] = [
  ['S13', 'needs the same inputs again in another order: property tests and simulation'],
  ['S19', 'needs readers of several tenants'],
  ['S21', 'needs starts of one id by several clients: simulation'],
  ['S22', 'the log is kept whole, from offset 0: nothing was removed'],
  ['L3', 'a projector that goes on is behind by what is under way; up to its checkpoint it is checked as S16'],
  ['L4', 'the report counts dead letters by reason; whether an input was bad is not in the log'],
  ['L6', 'needs the members of the group, over time'],
  ['L7', 'needs an act of an operator'],
]

/** Those that no audit shows, whatever it is given. */
export const SHOWN_ELSEWHERE: ReadonlySet<string> = new Set(ELSEWHERE.map(([id]) => id))

type Scope = Pick<AuditOptions, 'definitions' | 'views' | 'participants' | 'commands' | 'atRest'>

export function sayWhatWasChecked(scope: Scope, findings: Findings, covered: Covered): void {
  const { checked, notChecked, notes } = findings
  const check = (ids: readonly string[], over: number, of: string) => {
    for (const id of ids) checked.push({ id, over, of })
  }
  const skip = (ids: readonly string[], why: string) => {
    for (const id of ids) notChecked.push({ id, why })
  }
  check([...BY_HISTORY, 'S10'], covered.sagas, 'sagas')
  check(BY_BATCHES, covered.batches, 'batches')
  check(['S24'], covered.chained, 'chained events')
  check(['S25'], covered.locks, 'locks')
  if (covered.unplanned > 0)
    notes.push(
      `${covered.unplanned} sagas were checked without their definition: of S3 to S7, what the log alone tells`,
    )
  if (covered.unchained > 0) notes.push(`${covered.unchained} events of an older version carry no hash (S24)`)
  if (scope.views) check(['S16', 'S17'], covered.rows, 'sagas in the views')
  else skip(['S16', 'S17'], 'no view store was given')
  if (covered.inSnapshots === undefined) skip(['S2'], 'no snapshot of this log was found')
  else check(['S2'], covered.inSnapshots, 'sagas in snapshots')
  if (covered.viewsBehind > 0)
    notes.push(
      `the views are ${covered.viewsBehind} events behind the log: what they will say of those was not checked`,
    )
  if (!scope.participants?.length) skip(['S8'], 'no tables of participants were given')
  if (scope.commands) check(['S10'], covered.sends, 'sent commands')
  else notes.push('S10: whether each command was sent was not looked up in the topics of participants')
  if (covered.toChildren > 0)
    notes.push(`S10: ${covered.toChildren} commands to child sagas and locks were not looked up in the topics of sagas`)
  if (covered.killed > 0) notes.push(`${covered.killed} sagas were killed: what they had done was left as it was`)
  if (scope.atRest) check(['L1', 'L5', 'S26'], covered.sagas, 'sagas')
  else skip(['L1', 'L5', 'S26'], 'the system was not said to be at rest')
  if (scope.atRest && scope.commands) check(['L2'], covered.sends, 'sent commands')
  else skip(['L2'], 'needs the commands that were sent, of a system at rest')
  if (covered.unsent.length > 0)
    notes.push(`partitions ${covered.unsent.join(', ')}: the log does not say yet that the newest effects are sent`)
  if (covered.unaccounted > 0n)
    notes.push(`${covered.unaccounted} consumed offsets held no counted input: holes, as a broker may leave`)
  for (const [id, why] of ELSEWHERE) skip([id], why)
}
