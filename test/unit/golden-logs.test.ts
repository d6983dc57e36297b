/** Logs that released versions wrote are folded by every later one, to what they said they were (S2). */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { isSagaEventType, SAGA_EVENT_TYPES } from '../../shared/message/event-types.ts'
import { violations } from '../../shared/saga/invariants.ts'
import { foldOf, readGolden } from '../support/golden/golden-log.ts'
import { SHAPE_FILE, stateShape } from '../support/golden/state-shape.ts'

const root = fileURLToPath(new URL('../golden', import.meta.url))
const logs = readdirSync(root).flatMap((version) =>
  readdirSync(`${root}/${version}`).map(
    (file) => [`${version}/${file}`, readFileSync(`${root}/${version}/${file}`, 'utf8')] as const,
  ),
)

describe('a golden log', () => {
  it.each(logs)('%s folds to what it was, keeps the invariants, and its hashes hold', (_, text) => {
    const { outcome, history, chained } = readGolden(text)
    expect(foldOf(history)).toEqual(outcome)
    expect(chained).toBe(true)
    expect(violations(history)).toEqual([])
  })
  it('holds every type of event somewhere', () => {
    const seen = new Set(logs.flatMap(([, text]) => readGolden(text).history.map(({ event }) => event.type)))
    expect(SAGA_EVENT_TYPES.filter((type) => !seen.has(type))).toEqual([])
    expect([...seen].filter((type) => !isSagaEventType(type))).toEqual([])
  })
})

it('states are as snapshots of this format have them', () => {
  const why =
    'where the version that wrote them so was released, raise SNAPSHOT_FORMAT: it has snapshots out there; then `npm run golden`'
  expect(stateShape(), why).toBe(readFileSync(SHAPE_FILE, 'utf8'))
})
