/** An ending of a saga, as it is told: by what it came to and why, with all that was undone on any way to it. */
import { ROOT, scopePath, stepPath } from '../../message/step-path.ts'
import type { Definition } from '../definition.ts'
import { isSending, stepAt } from '../plan-tree.ts'
import type { Parked, SagaState, ScopeState } from '../state.ts'
import { stepAt as stateAt } from '../tree.ts'

export interface EndingKey {
  /** `running`: it would wait for ever, for nothing. */
  readonly status: 'completed' | 'compensated' | 'stuck' | 'running' | 'compensating' | 'paused' | 'failed'
  /** Why it turned back, and at which step; items and rounds are alike. */
  readonly cause: string | null
  readonly causeStep: string | null
  /** What waits for a person. */
  readonly stuckAt: readonly string[]
}

export interface EndingStep {
  readonly step: string
  /** On every way that was walked. */
  readonly always: boolean
}

export interface Ending extends EndingKey {
  /** In an order in which it is undone. */
  readonly undone: readonly EndingStep[]
  /** Of one that was undone: what is done, or may be, and stays so. */
  readonly stays: readonly string[]
  /** How many states it is reached in. */
  readonly ways: number
}

export function endingKey(state: SagaState): EndingKey {
  const { status, root, parked } = state
  const { cause } = root
  return {
    status,
    cause: cause?.kind ?? null,
    causeStep: cause && 'step' in cause ? alike(cause.step) : null,
    stuckAt: [...new Set(parked.map((one) => stuckAt(state, one)))].sort(),
  }
}

/** `charge`, `undo charge`, or its end. */
function stuckAt(state: SagaState, { step, error }: Parked): string {
  if (step === null) return 'its end'
  const isUndo = error.code === 'undo-by-hand' || stateAt(state, step)?.status === 'undo-failed'
  return `${isUndo ? 'undo ' : ''}${alike(step)}`
}

const alike = (path: string): string => path.replaceAll(/\[\d+\]/g, '[]')

/** As a text by which endings are told apart. */
export function keyOfEnding({ status, cause, causeStep, stuckAt }: EndingKey): string {
  return [status, cause ?? '', causeStep ?? '', ...stuckAt].join('|')
}

interface Gathered extends EndingKey {
  readonly undone: Map<string, number>
  /** The longest way back. */
  longest: readonly string[]
  readonly stays: Set<string>
  ways: number
}

export class Endings {
  readonly #found = new Map<string, Gathered>()

  add(
    { state, undone }: { readonly state: SagaState; readonly undone: readonly string[] },
    definition: Definition,
  ): void {
    const key = endingKey(state)
    const text = keyOfEnding(key)
    const known = this.#found.get(text) ?? { ...key, undone: new Map(), longest: [], stays: new Set(), ways: 0 }
    this.#found.set(text, known)
    known.ways++
    if (undone.length > known.longest.length) known.longest = [...new Set(undone)]
    for (const step of new Set(undone)) known.undone.set(step, (known.undone.get(step) ?? 0) + 1)
    if (state.root.phase === 'undone') for (const step of staying(state.root, ROOT, definition)) known.stays.add(step)
  }

  /** Completed first, then what was undone, then what needs a person. */
  get all(): readonly Ending[] {
    const all = [...this.#found.values()].map(({ undone, stays, longest, ...rest }): Ending => {
      const names = [...new Set([...longest, ...undone.keys()])]
      const steps = names.map((step) => ({ step, always: undone.get(step) === rest.ways }))
      return { ...rest, undone: steps, stays: [...stays] }
    })
    return all.sort((a, b) => rank(a) - rank(b) || (keyOfEnding(a) < keyOfEnding(b) ? -1 : 1))
  }
}

const RANKS = ['completed', 'compensated', 'stuck']
const rank = ({ status }: EndingKey): number => (RANKS.indexOf(status) + RANKS.length + 1) % (RANKS.length + 1)

/** Commands that are done, or may be, and have no way back. */
function* staying(scope: ScopeState, around: string, definition: Definition): Generator<string> {
  for (const { name, status, block } of scope.steps) {
    const path = stepPath(around, name)
    const step = stepAt(definition, path)
    const isDone = status === 'succeeded' || status === 'given-up'
    if (step && isSending(step) && step.type !== 'lock' && isDone) yield alike(path)
    for (const inner of block?.scopes ?? []) yield* staying(inner, scopePath(path, inner.key), definition)
  }
}
