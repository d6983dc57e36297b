/**
 * The rule by which two writers of one log never both count, looked at in every order of landing, loss, repetition, silence
 * and crash that its bounds allow; and the real reader, on every log that came up on the way.
 */
import { expect, test } from 'vitest'
import { BatchReader, batchRecord } from '../../shared/message/batch.ts'
import { delivered } from '../support/wire.ts'
import { accepted, type Bounds, type Broken, type ModelBatch } from './model/log-model.ts'
import { search } from './model/search.ts'
import { RUNS_MS_MAX } from './seeded-runs.ts'

/** `KASAGA_MODEL=large`: a minute or two, and some GB of memory. */
const LARGE = process.env.KASAGA_MODEL === 'large'
const BOUNDS: readonly Bounds[] = LARGE
  ? [
      { writers: 2, appends: 3, claims: 3, repeats: 1 },
      { writers: 3, appends: 2, claims: 3, repeats: 1 },
      { writers: 2, appends: 2, claims: 4, repeats: 1 },
    ]
  : [
      { writers: 2, appends: 2, claims: 3, repeats: 1 },
      { writers: 3, appends: 2, claims: 3, repeats: 0 },
    ]

/** What the real reader takes of a log of the model. */
function takenByReader(log: readonly ModelBatch[]): readonly string[] {
  const reader = new BatchReader()
  return log.flatMap((batch, i) => {
    const { number, sentThrough } = batch
    const inputs = { applied: 0, deadLettered: 0, ignored: {} }
    const header = { number, owner: `b${batch.id}`, count: 0, commands: 0n, replies: 0n, sentThrough, inputs }
    const taken = reader.read(delivered(batchRecord(header, 0, 'model'), BigInt(i)))
    return taken ? [taken.header.owner] : []
  })
}

test.each(BOUNDS)(
  'no order of events breaks it: $writers writers, $appends appends, $claims claims',
  (bounds) => {
    const logs = new Set<string>()
    const look = ({ log }: { readonly log: readonly ModelBatch[] }): string | undefined => {
      const key = log.map(({ id, number }) => `${id}/${number}`).join()
      if (logs.has(key)) return undefined
      logs.add(key)
      const [model, real] = [
        accepted(log)
          .map(({ id }) => `b${id}`)
          .join(),
        takenByReader(log).join(),
      ]
      return model === real ? undefined : `the reader takes ${real} of ${key}, the model ${model}`
    }
    const { states, depth, breach } = search(bounds, undefined, look)
    console.info(`${JSON.stringify(bounds)}: ${states} states, up to ${depth} steps, ${logs.size} logs`)
    expect(breach).toBeUndefined()
    expect(states).toBeGreaterThan(10_000)
  },
  RUNS_MS_MAX,
)

const BROKEN: readonly [Broken, string][] = [
  ['confirms wherever it landed', 'S11'],
  ['sends before it is confirmed', 'S11'],
  ['goes on after no answer', 'S11'],
  ['readers take any number', 'S11'],
  ['notes effects as sent before they are', 'L2'],
  ['decides on void batches too', 'S11'],
]

test.each(BROKEN)('a design that %s is found out', (broken, invariant) => {
  const { breach } = search({ writers: 2, appends: 2, claims: 3, repeats: 1 }, broken)
  expect(breach?.what).toMatch(new RegExp(`^${invariant}: `))
})
