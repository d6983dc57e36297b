/** Makes a failing run smaller, as long as it still fails: fewer moves, fewer numbers, smaller ones. */
import type { Run } from './seeded-runs.ts'

/** How long smaller runs are tried until it is small enough. */
const SHRINK_MS_MAX = 10_000

/** The smallest run found that still fails. */
export function shrunk(run: Run, fails: (run: Run) => boolean): Run {
  let small = run
  const until = performance.now() + SHRINK_MS_MAX
  const attempt = (smaller: Run): boolean => {
    if (performance.now() > until || !fails(smaller)) return false
    small = smaller
    return true
  }
  if (small.luck.length > 0) attempt({ ...small, luck: [] })
  for (let before = ''; before !== JSON.stringify(small) && performance.now() < until; ) {
    before = JSON.stringify(small)
    shorten(small.moves, (moves) => attempt({ ...small, moves }))
    shorten(small.plan, (plan) => attempt({ ...small, plan }))
    shorten(small.luck, (luck) => luck.length > 0 && attempt({ ...small, luck }))
    lower(small.plan, (plan) => attempt({ ...small, plan }))
    lower(small.luck, (luck) => attempt({ ...small, luck }))
    for (let i = 0; i < small.moves.length; i++)
      lower(small.moves[i] ?? [], (move) => attempt({ ...small, moves: small.moves.with(i, move) }))
  }
  return small
}

/** Leaves parts out: large ones first, then small ones, from the end. */
function shorten<T>(list: readonly T[], attempt: (shorter: readonly T[]) => boolean): void {
  let left = list
  for (let size = list.length; size > 0; size = Math.floor(size / 2))
    for (let from = left.length - size; from >= 0; from -= size) {
      const shorter = left.toSpliced(from, size)
      if (attempt(shorter)) left = shorter
    }
}

/** Makes numbers smaller, 0 first. */
function lower(list: readonly number[], attempt: (lower: readonly number[]) => boolean): void {
  let left = list
  for (let i = 0; i < left.length; i++)
    for (const value of [0, (left[i] ?? 0) % 100, Math.floor((left[i] ?? 0) / 2), (left[i] ?? 0) - 1])
      if (value >= 0 && value < (left[i] ?? 0)) {
        const lower = left.with(i, value)
        if (attempt(lower)) left = lower
      }
}
