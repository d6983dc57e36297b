/** Moves of a run: what participants, people, the clock and the broker do to one saga. */
import fc from 'fast-check'
import { expect } from 'vitest'
import type { Outcome } from '../../shared/message/headers.ts'
import type { SagaDriver } from './saga-driver.ts'
import { SIGNAL } from './saga-plans.ts'

export type MoveKind =
  | 'answer-newest'
  | 'answer-any'
  | 'fire-when-due'
  | 'fire-early'
  | 'wait'
  | 'clock-back'
  | 'cancel'
  | 'retry'
  | 'signal'
  | 'start-again'
  | 'start-other'
  | 'nonsense'
  | 'hear-again'

export interface Move {
  readonly kind: MoveKind
  readonly outcome: Outcome
  /** Picks among what there is to pick from. */
  readonly pick: number
  readonly chance: number
  /** The same input is delivered once more at once. */
  readonly twice: boolean
}

const kinds: readonly { weight: number; kind: MoveKind }[] = [
  { weight: 24, kind: 'answer-newest' },
  { weight: 6, kind: 'answer-any' },
  { weight: 8, kind: 'fire-when-due' },
  { weight: 2, kind: 'fire-early' },
  { weight: 2, kind: 'wait' },
  { weight: 1, kind: 'clock-back' },
  { weight: 1, kind: 'cancel' },
  { weight: 2, kind: 'retry' },
  { weight: 3, kind: 'signal' },
  { weight: 1, kind: 'start-again' },
  { weight: 1, kind: 'start-other' },
  { weight: 1, kind: 'nonsense' },
  { weight: 3, kind: 'hear-again' },
]

const move: fc.Arbitrary<Move> = fc.record({
  kind: fc.oneof(...kinds.map(({ weight, kind }) => ({ weight, arbitrary: fc.constant(kind) }))),
  outcome: fc.oneof(
    { weight: 7, arbitrary: fc.constant<Outcome>('success') },
    { weight: 5, arbitrary: fc.constantFrom<Outcome>('rejected', 'failed', 'failed', 'fatal', 'progress') },
  ),
  pick: fc.nat({ max: 1_000 }),
  chance: fc.double({ min: 0, max: 0.999, noNaN: true }),
  twice: fc.boolean(),
})

export const moves: fc.Arbitrary<readonly Move[]> = fc.array(move, { maxLength: 50, size: 'max' })

/** Makes one move. What comes twice must have no second effect (S13); progress may: it says that work goes on. */
export function make(driver: SagaDriver, move: Move): void {
  const consumedBefore = driver.consumed.length
  apply(driver, move)
  const heard = driver.consumed.at(-1)
  if (!move.twice || driver.consumed.length === consumedBefore || !heard) return
  expect(driver.give(heard, move.chance).kind, `S13: ${heard.kind} heard twice`).not.toBe('events')
}

function apply(driver: SagaDriver, move: Move): void {
  const { pick, chance } = move
  const id = driver.faults.sagaId
  const person = { sagaId: id, requestId: `r-${pick % 7}`, actor: 'ann', reason: 'why not' }
  switch (move.kind) {
    case 'answer-newest':
    case 'answer-any':
      answer(driver, move)
      return
    case 'fire-when-due':
      driver.now = Math.max(driver.now, driver.dueAt ?? driver.now)
      driver.fire(chance)
      return
    case 'fire-early':
      driver.now = Math.max(driver.now, (driver.dueAt ?? driver.now) - 1)
      driver.fire(chance)
      return
    case 'wait':
      driver.now += pick
      return
    case 'clock-back':
      driver.now -= pick
      return
    case 'cancel':
    case 'retry':
      driver.give({ kind: move.kind, ...person }, chance)
      return
    case 'signal':
      driver.give({
        kind: 'signal',
        sagaId: id,
        requestId: person.requestId,
        name: pick % 4 === 0 ? 'other' : SIGNAL,
        payload: pick,
      })
      return
    case 'start-again':
      expect(driver.start()).toEqual({ kind: 'ignored', reason: 'duplicate-start' })
      return
    case 'start-other': {
      const other = {
        kind: 'start',
        sagaId: id,
        definition: 'generated',
        version: 1,
        input: 1,
        inputHash: 'other',
      } as const
      expect(driver.give(other)).toMatchObject({ kind: 'refused', reason: 'start-conflict' })
      return
    }
    case 'nonsense':
      nonsense(driver, move)
      return
    case 'hear-again':
      hearAgain(driver, move)
  }
}

function answer(driver: SagaDriver, { kind, pick, outcome }: Move): void {
  const effect = kind === 'answer-newest' ? driver.sent.at(-1) : driver.sent[pick % Math.max(driver.sent.length, 1)]
  if (!effect) return
  const error = { code: pick % 9 === 0 ? 'hopeless' : 'c', message: 'm', details: { pick } }
  driver.answer(effect, outcome, outcome === 'success' || outcome === 'progress' ? { n: pick } : error)
}

/** Replies that no command asked for. */
function nonsense(driver: SagaDriver, { pick, outcome }: Move): void {
  const step = pick % 2 === 0 ? 'nowhere' : `step${pick % 6}`
  const direction = pick % 3 === 0 ? 'forward' : 'compensate'
  const attempt = 1_000 + pick
  const reply = { kind: 'reply', sagaId: driver.faults.sagaId, step, direction, attempt, outcome, body: null } as const
  const decision = driver.give({ ...reply, errorCode: undefined, retryAfterMs: undefined })
  expect(decision.kind, 'an answer that nothing asked for changes nothing').not.toBe('events')
}

/** A record that had its effect is delivered once more, much later. */
function hearAgain(driver: SagaDriver, { pick, chance }: Move): void {
  const heard = driver.consumed[pick % Math.max(driver.consumed.length, 1)]
  if (!heard) return
  expect(driver.give(heard, chance).kind, `S13: ${JSON.stringify(heard)} heard again`).not.toBe('events')
}
