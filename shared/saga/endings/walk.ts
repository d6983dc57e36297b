/**
 * Walks every ending of a definition before it ever runs, by the code that decides sagas: each thing that can come (an answer of each kind, a signal or none, a cancel,
 * the deadline) at each place where it can come, until nothing more follows. States that were seen are not walked again.
 */
import type { SagaEvent } from '../../message/events.ts'
import { sagaId } from '../../message/ids.ts'
import type { Json } from '../../message/json.ts'
import { decide } from '../decide.ts'
import type { Definition } from '../definition.ts'
import { apply } from '../evolve.ts'
import type { SagaInput } from '../input.ts'
import { isParked } from '../parked.ts'
import { pivotStanding } from '../pivot.ts'
import { stepAt as plannedAt } from '../plan-tree.ts'
import { type PlacedStep, stepsThatWait } from '../rehearsal.ts'
import type { SagaState, StepState } from '../state.ts'
import { withStep } from '../tree.ts'
import { type Ending, Endings } from './ending.ts'
import { loosened, Oracle } from './loose.ts'

/** States that are walked, unless told otherwise. */
export const STATES_MAX = 4_000

export interface Walked {
  readonly endings: readonly Ending[]
  /** Steps that no walk has come to, by their paths. */
  readonly seen: ReadonlySet<string>
  readonly states: number
  /** False: it stopped, and there may be other endings. */
  readonly complete: boolean
}

export function walkEndings(definition: Definition, { statesMax = STATES_MAX } = {}): Walked {
  return new Walk(definition, statesMax).run()
}

interface Node {
  readonly state: SagaState
  /** Steps that were undone, in their order. */
  readonly undone: readonly string[]
}

/** What comes, and the state that it comes to: one whose time has come, where it is a time that comes. */
interface Coming {
  readonly state: SagaState
  readonly input: SagaInput
}

const NOW = 0
const ID = sagaId('check')

class Walk {
  readonly #oracle = new Oracle()
  readonly #definition: Definition
  readonly #statesMax: number
  readonly #known = new Set<string>()
  readonly #open: Node[] = []
  readonly #endings = new Endings()
  readonly #seen = new Set<string>()

  constructor(definition: Definition, statesMax: number) {
    this.#definition = loosened(definition, this.#oracle)
    this.#statesMax = statesMax
  }

  run(): Walked {
    const { name, version } = this.#definition
    const start = { kind: 'start', sagaId: ID, definition: name, version, input: null, inputHash: 'check' } as const
    this.#follow(undefined, start, [])
    let at = 0
    for (; at < this.#open.length && this.#known.size < this.#statesMax; at++) {
      const node = this.#open[at]
      if (node) this.#walk(node)
    }
    const complete = at >= this.#open.length
    // What was come to and not walked may be an ending all the same.
    for (const node of this.#open.slice(at))
      if (this.#comings(node.state).length === 0) this.#endings.add(node, this.#definition)
    return { endings: this.#endings.all, seen: this.#seen, states: this.#known.size, complete }
  }

  #walk(node: Node): void {
    const comings = this.#comings(node.state)
    if (comings.length === 0) this.#endings.add(node, this.#definition)
    for (const { state, input } of [...comings, ...fromOutside(this.#definition, node.state)])
      this.#follow(state, input, node.undone)
  }

  /** Everything that an input leads to, whatever the definition's own code would say. */
  #follow(state: SagaState | undefined, input: SagaInput, undone: readonly string[]): void {
    this.#oracle.begin()
    do {
      const question = { definition: this.#definition, known: state, input, moment: { now: NOW, chance: 0 } }
      const decision = decide(question)
      if (decision.kind === 'events') this.#take(state, decision.events, undone)
    } while (this.#oracle.turn())
  }

  #take(before: SagaState | undefined, events: readonly SagaEvent[], undone: readonly string[]): void {
    let state = before
    const more: string[] = []
    for (const event of events) {
      state = apply(state, event, ID)
      if ('step' in event && typeof event.step === 'string') this.#seen.add(plainPath(event.step))
      if (event.type === 'compensation-succeeded') more.push(plainPath(event.step))
    }
    if (!state) return
    const key = JSON.stringify(state, timeless)
    if (this.#known.has(key)) return
    this.#known.add(key)
    this.#open.push({ state, undone: [...undone, ...more] })
  }

  /** What comes of participants, and of the clock. */
  #comings(state: SagaState): readonly Coming[] {
    if (state.yielded) return [{ state, input: { kind: 'timer', sagaId: ID } }]
    const all: Coming[] = []
    for (const placed of stepsThatWait(state))
      if (!isParked(state, placed.path)) all.push(...this.#comingsTo(state, placed))
    return all
  }

  #comingsTo(state: SagaState, placed: PlacedStep): readonly Coming[] {
    const { path, step } = placed
    const planned = plannedAt(this.#definition, path)
    if (step.status === 'armed') {
      const token = { resource: path, token: 1 }
      const isLock = planned?.type === 'lock'
      const answers = isLock ? ANSWERS.slice(0, 2) : ANSWERS
      return answers.map((outcome) => {
        const body = outcome === 'success' ? (isLock ? token : null) : { code: outcome }
        return { state, input: reply(placed, { direction: 'forward', outcome, body }) }
      })
    }
    if (step.status === 'undoing')
      return UNDO_ANSWERS.map((outcome) => ({
        state,
        input: reply(placed, { direction: 'compensate', outcome, body: null }),
      }))
    return step.status === 'waiting' && (planned?.type === 'signal' || planned?.type === 'sleep')
      ? waitEnds(state, { path, step }, planned.type === 'signal' ? planned : undefined)
      : []
  }
}

const ANSWERS = ['success', 'rejected', 'fatal'] as const
const UNDO_ANSWERS = ['success', 'fatal'] as const

interface Said {
  readonly direction: 'forward' | 'compensate'
  readonly outcome: 'success' | 'rejected' | 'fatal'
  readonly body: Json
}

function reply({ path, step }: PlacedStep, said: Said): SagaInput {
  const rest = { errorCode: undefined, retryAfterMs: undefined }
  return { kind: 'reply', sagaId: ID, step: path, attempt: step.attempt, ...rest, ...said }
}

type Signals = {
  readonly signal: { readonly name: string }
  readonly approval: { roles: readonly string[]; answers: readonly string[] } | undefined
}
type Waiting = Extract<StepState, { status: 'waiting' }>

/** A wait ends by what may be said to it, or because its time comes. */
function waitEnds(
  state: SagaState,
  { path, step }: { path: string; step: Waiting },
  planned: Signals | undefined,
): readonly Coming[] {
  const over = { state: withStep(state, path, { ...step, until: NOW }), input: { kind: 'timer', sagaId: ID } } as const
  const said = planned ? signals(state, planned).map((input) => ({ state, input })) : []
  return step.until === null ? said : [...said, over]
}

function signals({ seq }: SagaState, { signal: { name }, approval }: Signals): readonly SagaInput[] {
  const base = {
    kind: 'signal',
    sagaId: ID,
    requestId: `${name}-${seq}`,
    name,
    actor: 'ann',
    roles: approval?.roles ?? [],
  } as const
  if (!approval) return [{ ...base, payload: null }]
  return approval.answers.map((answer) => ({ ...base, payload: { answer } }))
}

/** A cancel, and the deadline, at any moment before the pivot is done. */
function fromOutside(definition: Definition, state: SagaState): readonly Coming[] {
  if (state.root.phase !== 'forward' || state.yielded) return []
  const act = { sagaId: ID, requestId: 'cancel', actor: 'ann', reason: 'check' }
  const cancel = { state, input: { kind: 'cancel', ...act } } as const
  const standing = pivotStanding(definition, state)
  const mayCancel = standing === 'ahead' || (standing === 'in-flight' && state.cancelRequestId === undefined)
  const due = { state: { ...state, deadlineAt: NOW }, input: { kind: 'timer', sagaId: ID } } as const
  const isDue = definition.deadlineMs !== undefined && standing === 'ahead'
  return [...(mayCancel ? [cancel] : []), ...(isDue ? [due] : [])]
}

/** What makes no other state of it. */
const TIMES: ReadonlySet<string> = new Set(['seq', 'acts', 'until', 'timeoutAt', 'end', 'deadlineAt', 'active'])

function timeless(name: string, value: unknown): unknown {
  return TIMES.has(name) ? undefined : value
}

/** Items and rounds are alike. */
export function plainPath(path: string): string {
  return path.replaceAll(/\[\d+\]/g, '[]')
}
