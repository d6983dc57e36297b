/** How much is thrown in, and from which seed. A failure names its seed; the same seed throws the same things. */

/** `KASAGA_FUZZ_TIMES=20` throws twenty times as much. */
const TIMES = Number(process.env.KASAGA_FUZZ_TIMES ?? 1)

export const FUZZ_SEED = Number(process.env.KASAGA_FUZZ_SEED ?? Math.floor(Date.now() / 1_000) % 1_000_000)

export function fuzzSize(usual: number): number {
  return Math.ceil(usual * TIMES)
}

/** Time for a whole run, however long. */
export const FUZZ_MS_MAX = 900_000 * Math.max(1, TIMES)
