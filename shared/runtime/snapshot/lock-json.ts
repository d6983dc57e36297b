/** Locks, and what is left of forgotten ones, as JSON and back: it has no number for the time before all times. */

interface Locked {
  readonly overThrough: number
}

export function lockToJson(lock: Locked): object {
  return { ...lock, overThrough: Number.isFinite(lock.overThrough) ? lock.overThrough : null }
}

/** What was made with `lockToJson`. */
export function lockFromJson<Lock extends Locked>(json: unknown): Lock {
  const lock = json as Omit<Lock, 'overThrough'> & { readonly overThrough: number | null }
  return { ...lock, overThrough: lock.overThrough ?? Number.NEGATIVE_INFINITY } as unknown as Lock
}
