/** A log whose files were cut or changed behind its back: everything acknowledged is there, or it says that it is not. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { foundAfter, type LogFileName, type Sample, samples } from '../support/damage.ts'
import { Dice } from '../support/fuzz/dice.ts'

/** `KASAGA_DAMAGE=all`: at every byte, and a thousand bits of each file. */
const ALL = process.env.KASAGA_DAMAGE === 'all'
const SEED = Number(process.env.KASAGA_DAMAGE_SEED ?? Date.now() % 100_000)
const TAIL_BYTES = 4_096
const CUT_EVERY = ALL ? 1 : 61
const FLIPS = ALL ? 1_000 : 60
const MS_MAX = ALL ? 1_800_000 : 120_000

let logs: Awaited<ReturnType<typeof samples>>
beforeAll(async () => {
  logs = await samples()
})
afterAll(() => logs?.remove())

/** Where all of the log stands in the file that is damaged, or what is newest in it. */
const sampleFor = (name: LogFileName): Sample => (name === 'log.db' ? logs.closed : logs.killed)
const sizeOf = (name: LogFileName) => statSync(join(sampleFor(name).folder, name)).size

/** Each with the change that it was found after; `wrong` is never right. */
async function tally(name: LogFileName, changes: readonly (readonly [string, (bytes: Buffer) => Buffer])[]) {
  const counts = { whole: 0, refused: 0 }
  for (const [what, change] of changes) {
    const found = await foundAfter(sampleFor(name), name, change)
    expect(found.kind, `${name}, ${what}`).not.toBe('wrong')
    if (found.kind === 'refused')
      expect(found.why).toMatch(
        /log\.db cannot be used.*; keep .* as it is|the log is damaged at \w+\/\d, offset|the log is damaged: |^log-\w+: reading/s,
      )
    if (found.kind !== 'wrong') counts[found.kind]++
  }
  return counts
}

test('as it was left, by a kill or in order, everything acknowledged is there', async () => {
  for (const sample of [logs.killed, logs.closed])
    expect(await foundAfter(sample, 'log.db', (bytes) => bytes)).toEqual({ kind: 'whole' })
})

describe(`seed ${SEED} (KASAGA_DAMAGE_SEED)`, () => {
  const cut = (from: number) => (bytes: Buffer) => bytes.subarray(0, from)

  test.each(['log.db', 'log.db-wal'] as const)(
    '%s cut at any byte of its last 4 KiB',
    { timeout: MS_MAX },
    async (name) => {
      const size = sizeOf(name)
      const lengths = Array.from({ length: Math.ceil(TAIL_BYTES / CUT_EVERY) }, (_, i) => size - 1 - i * CUT_EVERY)
      const counts = await tally(
        name,
        lengths.map((length) => [`cut to ${length}`, cut(length)]),
      )
      console.log(`${name} cut ${lengths.length} times: ${JSON.stringify(counts)}`)
      // A cut takes something away that was acknowledged, or a page that the write-ahead log has too.
      expect(counts.whole + counts.refused).toBe(lengths.length)
    },
  )

  test.each(['log.db', 'log.db-wal'] as const)('%s with any bit flipped', { timeout: MS_MAX }, async (name) => {
    const dice = new Dice(SEED)
    const size = sizeOf(name)
    const flips = Array.from({ length: FLIPS }, () => [dice.below(size), dice.below(8)] as const)
    const counts = await tally(
      name,
      flips.map(([at, bit]) => [
        `bit ${bit} of byte ${at}`,
        (bytes) => {
          bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
          return bytes
        },
      ]),
    )
    console.log(`${name} with ${FLIPS} bits flipped: ${JSON.stringify(counts)}`)
    expect(counts.refused).toBeGreaterThan(0)
  })
})

test('the write-ahead log gone: the log has lost what it acknowledged, says where, and what to do', async () => {
  const found = await foundAfter(logs.killed, 'log.db-wal', () => Buffer.alloc(0))
  expect(found).toMatchObject({
    kind: 'refused',
    why: expect.stringMatching(
      /^log-cut: .*log\.db cannot be used: .*lost what it acknowledged: \w+\/\d ends at offset \d+, and had come to \d+; keep .* backup/,
    ),
  })
})

test('what tells of the ends says too little when it is old, cut or changed, and never that something is missing', {
  timeout: MS_MAX,
}, async () => {
  const bytes = readFileSync(join(logs.killed.folder, 'log.ends'))
  for (let at = 0; at < bytes.length; at++) {
    expect(await foundAfter(logs.killed, 'log.ends', (all) => all.subarray(0, at))).toEqual({ kind: 'whole' })
    const flip = (all: Buffer) => {
      all[at] = (all[at] ?? 0) ^ 0x10
      return all
    }
    expect(await foundAfter(logs.killed, 'log.ends', flip)).toEqual({ kind: 'whole' })
  }
})
