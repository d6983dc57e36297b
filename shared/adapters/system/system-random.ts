import type { Random } from '../../ports/clock.ts'

/** The runtime's own chance: good enough for jitter, not for secrets. */
export const systemRandom: Random = { next: () => Math.random() }
