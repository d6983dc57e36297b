/** The commands of a saga with their answers, as a reader of its events tells them. */
import { describe, expect, test } from 'vitest'
import type { EventEnvelope, SagaEvent } from '../../shared/message/events.ts'
import { SagaCommands, type SentCommandRow } from '../../shared/view/saga-commands.ts'
import { LossyWorld } from '../property/lossy-world.ts'
import type { Choices } from '../property/plans/choices.ts'
import { childDefinitionOf, definitionOf } from '../property/plans/definition.ts'
import { Faults } from '../property/plans/faults.ts'
import { nextVersion } from '../property/plans/next-version.ts'
import type { SagaDriver } from '../property/saga-driver.ts'
import { runOf } from '../property/seeded-runs.ts'

const RUNS = 150
const CHILD_FROM = 300

function commandsOf(history: readonly Pick<EventEnvelope, 'event' | 'seq' | 'at'>[]): readonly SentCommandRow[] {
  const found = new SagaCommands()
  for (const envelope of history) found.take(envelope)
  return found.all
}

/** The same, each command searched for by itself, through the whole history. */
function naively(history: readonly EventEnvelope[]) {
  const sent = history.filter(({ event }) => /^(?:step|compensation)-requested$/.test(event.type))
  return sent.map(({ seq, at, event }) => {
    const { step, attempt, type } = event as Extract<SagaEvent, { type: 'step-requested' | 'compensation-requested' }>
    const way = type === 'step-requested' ? ['step-', 'late-success'] : ['compensation-']
    let name = step
    let told: { answeredAt: number | null; outcome: string | null; late: boolean } = NOTHING
    for (const later of history.slice(seq)) {
      const said = later.event as { type: string; step?: string; attempt?: number; renames?: Record<string, string> }
      if (said.type === 'saga-migrated') name = name.replace(/^[^[.]+/, (root) => said.renames?.[root] ?? root)
      if (said.step !== name || said.attempt !== attempt || !way.some((start) => said.type.startsWith(start))) continue
      const outcome = outcomeOf(later.event)
      if (outcome === undefined) continue
      const counts =
        told.outcome === null || outcome === 'success' || (told.outcome === 'timeout' && outcome !== 'timeout')
      if (counts) told = { answeredAt: later.at, outcome, late: told.outcome !== null }
    }
    return { seq, step, attempt, sentAt: at, ...told }
  })
}

const NOTHING = { answeredAt: null, outcome: null, late: false }

function outcomeOf(event: SagaEvent): string | undefined {
  if (/(?:-succeeded|late-success)$/.test(event.type)) return 'success'
  if (event.type === 'step-resolved' || event.type === 'step-requested' || !('error' in event)) return undefined
  return ['timeout', 'rejected', 'fatal'].includes(event.error.kind) ? event.error.kind : 'failed'
}

function drivers(seed: number): readonly SagaDriver[] {
  const { plan, luck, moves } = runOf(seed)
  const faults = new Faults(luck)
  const child = childDefinitionOf(plan.slice(CHILD_FROM), faults)
  const next = (from: SagaDriver['definition'], choices: Choices) => nextVersion(from, choices, faults)
  const world = new LossyWorld({ checksEach: false, definition: definitionOf(plan, faults), child, next })
  for (const move of moves) world.take(move)
  return world.drivers
}

test('of sagas of any shape, moved between versions, each attempt has the answer that came to it', () => {
  const outcomes = new Set<string>()
  for (let seed = 0; seed < RUNS; seed++)
    for (const { history } of drivers(seed)) {
      const commands = commandsOf(history)
      const expected = naively(history)
      expect(commands.map(({ seq }) => seq)).toEqual(expected.map(({ seq }) => seq))
      expect(commands).toMatchObject(expected)
      for (const { outcome, late, direction } of commands) outcomes.add(`${direction} ${outcome}${late ? ' late' : ''}`)
    }
  for (const way of ['forward', 'compensate'])
    for (const outcome of ['success', 'failed', 'timeout', 'null', 'success late'])
      expect(outcomes).toContain(`${way} ${outcome}`)
})

describe('a command', () => {
  const base = { definition: 'd', version: 1, participant: 'bank', commandType: 'bank.charge.v1', payload: null }
  const requested = (attempt: number): SagaEvent => ({
    ...{ type: 'step-requested', step: 'charge', attempt, timeoutAt: 9_000, ...base },
  })
  const play = (...events: readonly SagaEvent[]) =>
    commandsOf(events.map((event, i) => ({ event, seq: i + 1, at: 1_000 * (i + 1) })))

  test('is taken up when its participant first says how far it is', () => {
    const progress: SagaEvent = { type: 'step-progressed', step: 'charge', timeoutAt: null, payload: 1 }
    const [one] = play(requested(1), progress, progress)
    expect(one).toMatchObject({ sentAt: 1_000, takenUpAt: 2_000, answeredAt: null, outcome: null, late: false })
  })

  test('that was given up is answered late, and the attempt after it never', () => {
    const silence = { kind: 'timeout', code: 'timeout', message: 'm' } as const
    const failed: SagaEvent = { type: 'step-failed', step: 'charge', attempt: 1, error: silence, retryAt: 2_500 }
    const done: SagaEvent = { type: 'step-succeeded', step: 'charge', attempt: 1, output: null }
    expect(play(requested(1), failed)).toMatchObject([{ answeredAt: 2_000, outcome: 'timeout', code: 'timeout' }])
    expect(play(requested(1), failed, requested(2), done)).toMatchObject([
      { attempt: 1, answeredAt: 4_000, outcome: 'success', code: null, late: true },
      { attempt: 2, answeredAt: null, outcome: null, late: false },
    ])
  })
})
