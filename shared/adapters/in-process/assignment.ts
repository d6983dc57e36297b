/** Which member has which partition: a pure function, so that all who compute it agree. */

/**
 * Shares the partitions out evenly, moving as few as it can: a member keeps what it has up to its share, and what is
 * left goes to those below theirs. Members are in the order that they joined.
 */
export function assignment<M>(members: readonly M[], owners: readonly (M | undefined)[]): readonly (M | undefined)[] {
  if (members.length === 0) return owners.map(() => undefined)
  const counts = new Map<M, number>(members.map((m) => [m, 0]))
  const share = Math.floor(owners.length / members.length)
  let extras = owners.length - share * members.length
  const next = owners.map((owner) => {
    const count = owner === undefined ? undefined : counts.get(owner)
    if (owner === undefined || count === undefined || count > share) return undefined
    if (count === share && extras-- <= 0) return undefined
    counts.set(owner, count + 1)
    return owner
  })
  return next.map((owner) => {
    if (owner !== undefined) return owner
    const least = members.reduce((a, b) => ((counts.get(b) ?? 0) < (counts.get(a) ?? 0) ? b : a))
    counts.set(least, (counts.get(least) ?? 0) + 1)
    return least
  })
}
