/**
 * Who gets which partition: balanced, sticky, and never from hand to hand.
 *
 * A partition that has to move is given to nobody in this round; its holder lets go of it and joins again, and the
 * next round gives it to its new owner. So no two members hold a partition at a time, however slow one of them is.
 */

export interface GroupClaim {
  readonly memberId: string
  /** Partitions that the member holds now. */
  readonly held: readonly number[]
  /** Generation in which it was given them: of two that claim one partition the later is right. */
  readonly generation: number
}

export interface GroupAssignment {
  readonly partitions: ReadonlyMap<string, readonly number[]>
  /** Whether partitions wait for their holders to let go of them, so that another round follows at once. */
  readonly unfinished: boolean
}

/** Assigns partitions 0 to `count` - 1, each of all topics. The same for any order of the claims. */
export function assignPartitions(claims: readonly GroupClaim[], count: number): GroupAssignment {
  const holders = holderOf(claims, count)
  const heldBy = (memberId: string) => [...holders].filter(([, id]) => id === memberId).map(([partition]) => partition)
  const members = claims
    .map(({ memberId }) => ({ memberId, held: heldBy(memberId).sort((a, b) => a - b) }))
    .sort((a, b) => b.held.length - a.held.length || (a.memberId < b.memberId ? -1 : 1))
  const each = Math.floor(count / members.length)
  const withOneMore = count % members.length
  const given = new Map<string, number[]>()
  const shares = members.map(({ memberId, held }, index) => {
    const share = each + (index < withOneMore ? 1 : 0)
    const kept = held.slice(0, share)
    given.set(memberId, kept)
    return { kept, share }
  })
  const free = Array.from({ length: count }, (_, partition) => partition).filter((p) => !holders.has(p))
  for (const { kept, share } of shares) while (kept.length < share && free.length > 0) kept.push(free.shift() ?? 0)
  const assigned = shares.reduce((sum, { kept }) => sum + kept.length, 0)
  return { partitions: given, unfinished: assigned < count }
}

function holderOf(claims: readonly GroupClaim[], count: number): Map<number, string> {
  const holders = new Map<number, string>()
  const sorted = claims.toSorted((a, b) => b.generation - a.generation || (a.memberId < b.memberId ? -1 : 1))
  for (const { memberId, held } of sorted) {
    for (const partition of held) if (partition < count && !holders.has(partition)) holders.set(partition, memberId)
  }
  return holders
}
