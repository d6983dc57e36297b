/**
 * Why a saga stands where it stands: what it waits for, since when and until when, what holds that up, what happens next, what persons may do, and
 * what would be undone if it were cancelled now. A function of its state, its plan and what is known around it.
 */

import { nameOf, scopeAround } from '../../message/step-path.ts'
import { isChanged } from '../decide.ts'
import type { Definition } from '../definition.ts'
import { legalNow } from '../legal-now.ts'
import { isSending, planAt, stepAt } from '../plan-tree.ts'
import { Rehearsal } from '../rehearsal.ts'
import type { SagaState, SagaStatus } from '../state.ts'
import { nextDueAt } from '../timers.ts'
import { consequences } from './consequences.ts'
import type { AroundSaga } from './hold-ups.ts'
import { type IfCancelled, ifCancelled } from './undone.ts'
import { type AllAwaited, type Awaited, awaitedBySteps } from './waits.ts'

export interface Explanation {
  readonly status: SagaStatus
  /** In one sentence. */
  readonly headline: string
  readonly awaited: readonly Awaited[]
  /** How many things it waits for; the first are told. */
  readonly awaitedTotal: number
  /** What happens of itself if nothing comes; `null`: nothing ever will. */
  readonly next: { readonly at: number; readonly what: readonly string[] } | null
  /** Steps that come when what it waits for has come. */
  readonly afterwards: readonly string[]
  /** `null`: without its definition nobody can say. */
  readonly ifCancelled: IfCancelled | null
  /** What persons may ask of it now. */
  readonly legal: string
}

export interface Asked {
  /** The one that it runs on, where it is at hand. */
  readonly definition: Definition | undefined
  /** Hash of that one. */
  readonly definitionHash?: string | undefined
  readonly state: SagaState
  readonly around: AroundSaga
}

export function explain({ definition: given, definitionHash, state, around }: Asked): Explanation {
  const changed = isChanged(state, definitionHash)
  const definition = changed ? undefined : given
  const steps = state.status === 'failed' ? NOTHING : awaitedBySteps({ definition, state, around })
  const own = definition || isOver(state) ? [] : [withoutPlan(state, changed)]
  const turn = state.yielded && !state.paused ? [ofTurn(state)] : []
  const stop = around.stopped ? [ofStop(state, around.stopped)] : []
  const pause = state.paused ? [ofPause(state, around)] : []
  const awaited = [...stop, ...own, ...pause, ...turn, ...steps.awaited]
  const total = stop.length + own.length + pause.length + turn.length + steps.total
  return {
    status: state.status,
    headline: headlineOf(state, awaited, total),
    awaited,
    awaitedTotal: total,
    next: definition && !around.stopped ? nextOf(definition, state, around.now) : null,
    afterwards: definition ? afterwards(definition, awaited) : [],
    ifCancelled: definition ? ifCancelled(definition, state, around.now) : null,
    legal: definition ? legalNow(definition, state) : `legal now: ${isOver(state) ? 'nothing' : 'kill, migrate'}`,
  }
}

/** What was under way when it was killed is waited for no more. */
const NOTHING: AllAwaited = { awaited: [], total: 0 }

const OVER: ReadonlySet<SagaStatus> = new Set(['completed', 'compensated', 'failed'])
const isOver = ({ status }: SagaState): boolean => OVER.has(status)

const WHOLE = { step: null, until: null, attempt: null, attemptsMax: null, error: null } as const

function withoutPlan({ definition, version, root }: SagaState, changed: boolean): Awaited {
  const named = `${definition} version ${version}`
  const holds = changed ? `${named} is another plan here than the one that it started on` : `${named} is not known here`
  const direction = root.phase === 'backward' ? 'compensate' : 'forward'
  return { ...WHOLE, kind: 'definition', direction, what: `its definition, ${named}`, since: null, holds }
}

function ofStop({ root }: SagaState, { why, since }: NonNullable<AroundSaga['stopped']>): Awaited {
  const direction = root.phase === 'backward' ? 'compensate' : 'forward'
  const what = 'a version that can decide on it: its owner has stopped it'
  return { ...WHOLE, kind: 'turn', direction, what, since, holds: why }
}

function ofPause({ paused, root }: SagaState, { since }: AroundSaga): Awaited {
  const what =
    paused === 'hold' ? 'a person to resume it; its times are held' : 'a person to resume it; its times run on'
  const direction = root.phase === 'backward' ? 'compensate' : 'forward'
  return { ...WHOLE, kind: 'person', direction, what, since: since.get('') ?? null, holds: 'it is paused' }
}

function ofTurn({ root }: SagaState): Awaited {
  const direction = root.phase === 'backward' ? 'compensate' : 'forward'
  return {
    ...WHOLE,
    kind: 'turn',
    direction,
    what: 'its next turn: more is to be done than one has room for',
    since: null,
    holds: null,
  }
}

function headlineOf(state: SagaState, [first]: readonly Awaited[], total: number): string {
  const end = endingOf(state)
  if (end !== undefined && !first) return end
  const way = {
    forward: 'It goes forward',
    backward: 'It is on its way back',
    done: 'It has completed',
    undone: 'It has been undone',
  }[state.root.phase]
  if (!first) return `${way}, and waits for nothing that can be seen.`
  const place =
    first.step === null ? '' : `${first.direction === 'compensate' ? 'the undo of ' : ''}${first.step} waits for `
  const more = total > 1 ? `, and for ${total - 1} more` : ''
  const waits = place === '' ? `it waits for ${first.what}` : `${place}${first.what}`
  return `${way}; ${waits}${more}.`
}

function endingOf({ status, root: { cause } }: SagaState): string | undefined {
  switch (status) {
    case 'completed':
      return 'It has completed: nothing is waited for.'
    case 'failed':
      return 'A person has ended it as it was: nothing was undone, and nothing is waited for.'
    case 'compensated': {
      const why = cause && 'step' in cause ? `${cause.kind} at ${cause.step}` : (cause?.kind ?? 'unknown')
      return `All of it was undone (${why}): nothing is waited for.`
    }
    default:
      return undefined
  }
}

/** The next timer fires in a rehearsal: what it leads to is what will happen if nothing comes before. */
function nextOf(definition: Definition, state: SagaState, now: number): Explanation['next'] {
  const at = nextDueAt(definition, state)
  if (at === undefined) return null
  const what = consequences(new Rehearsal(definition, state, Math.max(now, at)).fire())
  return {
    at: Math.max(at, 0),
    what: what.length > 0 ? what.slice(0, NEXT_MAX) : ['it looks again at what is to be done'],
  }
}

const NEXT_MAX = 5

/** Steps that depend on what is waited for on the way forward. */
function afterwards(definition: Definition, awaited: readonly Awaited[]): readonly string[] {
  const forward = awaited.flatMap(({ step, direction }) => (step !== null && direction === 'forward' ? [step] : []))
  const found = forward.flatMap((path) => {
    const step = stepAt(definition, path)
    const scope = scopeAround(path)
    const after = planAt(definition, scope)?.steps.filter((one) => one.after.includes(nameOf(path))) ?? []
    return step
      ? after.map((one) => (isSending(one) ? `${one.name} (${one.forward.command.participant})` : one.name))
      : []
  })
  return [...new Set(found)]
}
