/**
 * One recorded saga held against another definition than the one that decided it. Each decision of its log is asked for once more, on
 * the state that was recorded, by the code that decides sagas: so a difference early on does not make all that follows different.
 */
import { messageOf } from '../../message/errors.ts'
import type { EventEnvelope, SagaEvent } from '../../message/events.ts'
import { decide } from '../decide.ts'
import type { Definition } from '../definition.ts'
import { evolve } from '../evolve.ts'
import type { Decision, RefusedReason } from '../input.ts'
import type { SagaState } from '../state.ts'
import { differing, type Fit, fitOf } from './compare.ts'
import { whyMisplaced } from './misplaced.ts'
import { type Candidate, candidatesOf } from './recorded-inputs.ts'

/**
 * `same`: each decision would be as it was. `different`: one would be another. `breaking`: the definition has no place for
 * something that was recorded, or refuses it.
 */
export type Verdict = 'same' | 'different' | 'breaking'

export interface Divergence {
  readonly verdict: Exclude<Verdict, 'same'>
  /** The recorded event that the definition would not have decided; of one that it would have added: the last before it. */
  readonly recorded: EventEnvelope
  /** What it would have decided there; absent: nothing. */
  readonly decided?: SagaEvent
  /** It would have gone on, where the recorded decision had ended. */
  readonly more?: true
  /** Fields of an event of the same type that would be others. */
  readonly fields: readonly string[]
  readonly why?: string
}

export interface Plans {
  /** The one that is tried. */
  readonly definition: Definition
  /** The very plan that a saga was decided by, where it is at hand. */
  recordedOn(state: Pick<SagaState, 'definition' | 'version' | 'definitionHash'>): Definition | undefined
}

/** What was recorded is taken in by nobody under these. */
const UNUSABLE: ReadonlySet<RefusedReason> = new Set([
  'invalid-input',
  'invalid-reply',
  'invalid-signal',
  'invalid-given',
  'invalid-result',
  'invalid-payload',
  'not-allowed',
  'unknown-step',
])

export class ShadowedSaga {
  /** Versions that it ran on, the newest last. */
  readonly versions: number[] = []
  state: SagaState | undefined
  first: Divergence | undefined
  breaking: Divergence | undefined
  readonly #plans: Plans

  constructor(plans: Plans) {
    this.#plans = plans
  }

  get verdict(): Verdict {
    if (this.breaking) return 'breaking'
    return this.first ? 'different' : 'same'
  }

  /**
   * Takes what one batch says of it: whole decisions.
   * @throws InvariantError where it cannot be folded at all, by any definition
   */
  take(events: readonly EventEnvelope[]): void {
    for (let i = 0; i < events.length; ) {
      const rest = events.slice(i)
      const count = this.#next(rest, groupEnd(rest))
      for (const envelope of rest.slice(0, count)) this.#fold(envelope)
      i += count
    }
  }

  /** Judges the decision that comes first; answers how many events it has. */
  #next(events: readonly EventEnvelope[], group: number): number {
    // What is decided with a move is a matter of the migration.
    if (events[0]?.event.type === 'saga-migrated') return group
    if (this.breaking) return group
    const judged = judge(this.#plans, this.state, events.slice(0, group))
    if (judged.kind === 'same') return judged.count
    this.#note(judged)
    return group
  }

  /** Until then it was of another plan, which is not what is asked about. */
  #moved(toVersion: number): void {
    this.versions.push(toVersion)
    this.first = undefined
    this.breaking = undefined
  }

  #note(divergence: Divergence): void {
    this.first ??= divergence
    if (divergence.verdict === 'breaking') this.breaking ??= divergence
  }

  #fold(envelope: EventEnvelope): void {
    const { event } = envelope
    if (event.type === 'saga-started') this.versions.push(event.version)
    if (event.type === 'saga-migrated') this.#moved(event.toVersion)
    const why = this.breaking ? undefined : whyMisplaced(this.#plans.definition, event, this.state)
    if (why !== undefined) this.#note({ verdict: 'breaking', recorded: envelope, fields: [], why })
    this.state = evolve(this.state, envelope)
  }
}

/** Events of one cause: one decision, or several timers of one turn. */
function groupEnd(events: readonly EventEnvelope[]): number {
  const [first] = events
  const end = events.findIndex(({ causationId, at }) => causationId !== first?.causationId || at !== first.at)
  return end < 0 ? events.length : end
}

type Judged = { readonly kind: 'same'; readonly count: number } | (Divergence & { readonly kind: 'differs' })

/** @param group events of one cause */
function judge(plans: Plans, state: SagaState | undefined, group: readonly EventEnvelope[]): Judged {
  const candidates = candidatesOf(state, group)
  const asked = { definition: plans.definition, state, events: group }
  let best: Tried | undefined
  for (const candidate of candidates.filter((one) => !one.asked)) {
    const tried = attempt(candidate, asked)
    if (tried.whole) return { kind: 'same', count: tried.fit.matched }
    if (!best || tried.fit.matched > best.fit.matched) best = tried
  }
  const said = candidates.filter((one) => one.asked).map((candidate) => attempt(candidate, asked))
  const whole = said.find((tried) => tried.whole)
  if (whole && isAsked(plans, asked, candidates)) return { kind: 'same', count: whole.fit.matched }
  return told(best, group)
}

/** Whether the plan of then does not explain it either: somebody asked for it, and would be heard again. */
function isAsked(plans: Plans, { state, events }: Asked, candidates: readonly Candidate[]): boolean {
  const [first] = events
  const started = first?.event.type === 'saga-started' ? first.event : undefined
  const of = state ?? started
  const definition = of && plans.recordedOn(of)
  if (!definition) return false
  return !candidates.some((one) => !one.asked && attempt(one, { definition, state, events }).whole)
}

interface Asked {
  readonly definition: Definition
  readonly state: SagaState | undefined
  readonly events: readonly EventEnvelope[]
}

interface Tried {
  readonly decision: Decision | { readonly kind: 'broken'; readonly message: string }
  readonly fit: Fit
  /** All that it would decide was recorded. */
  readonly whole: boolean
}

/** The longest and the shortest that a retry may be put off. */
const LONGEST = 1 - Number.EPSILON
const SHORTEST = 0

function attempt(candidate: Candidate, asked: Asked): Tried {
  const longest = drawn(candidate, asked, LONGEST)
  const late = longest.fit.drawn.every(({ recorded, decided }) => recorded <= decided)
  if (longest.whole && longest.fit.drawn.length === 0) return longest
  const shortest = drawn(candidate, asked, SHORTEST)
  const early = shortest.fit.drawn.every(({ recorded, decided }) => recorded >= decided)
  if (longest.whole && late && (!shortest.whole || early)) return longest
  // With the longest it would have been given up.
  if (shortest.whole && !longest.whole && early) return shortest
  return unfitting(longest)
}

/** Where only the time of a retry is another, it is that event which differs. */
function unfitting(tried: Tried): Tried {
  if (!tried.whole || tried.decision.kind !== 'events') return { ...tried, whole: false }
  const at = tried.decision.events.findIndex((event) => 'retryAt' in event && event.retryAt !== null)
  return { ...tried, whole: false, fit: { ...tried.fit, matched: Math.max(0, at) } }
}

/** Participants to which nothing may be sent just then are read off what was recorded as held. */
function drawn({ input }: Candidate, { definition, state, events }: Asked, chance: number): Tried {
  const now = events[0]?.at ?? 0
  const gated = new Set<string>()
  for (;;) {
    // With a hash the start says the pivot too; of a saga that has begun none is asked for.
    const definitionHash = state ? undefined : ''
    const decision = decided({ definition, definitionHash, known: state, input, moment: { now, chance, gated } })
    if (decision.kind !== 'events') return { decision, fit: { matched: 0, drawn: [] }, whole: false }
    const recorded = events.slice(0, decision.events.length).map(({ event }) => event)
    const fit = fitOf(decision.events, recorded)
    const other = recorded[fit.matched]
    const isHeld = other?.type === 'step-held' || other?.type === 'compensation-held'
    if (!isHeld || gated.has(other.participant)) return { decision, fit, whole: fit.matched === decision.events.length }
    gated.add(other.participant)
  }
}

function decided(question: Parameters<typeof decide>[0]): Tried['decision'] {
  try {
    const decision = decide(question)
    // As a log gives it back.
    return decision.kind === 'events' ? { ...decision, events: JSON.parse(JSON.stringify(decision.events)) } : decision
  } catch (error) {
    return { kind: 'broken', message: messageOf(error) }
  }
}

function told(best: Tried | undefined, group: readonly EventEnvelope[]): Divergence & { readonly kind: 'differs' } {
  const { decision, fit } = best ?? { decision: undefined, fit: { matched: 0, drawn: [] } }
  const recorded = group[fit.matched] ?? group.at(-1)
  if (!recorded) throw new TypeError('a decision has events')
  const place = { kind: 'differs', recorded, fields: [] } as const
  if (!decision) return { ...place, verdict: 'different', why: 'nothing that comes would lead to it' }
  if (decision.kind === 'broken') return { ...place, verdict: 'breaking', why: decision.message }
  if (decision.kind === 'refused') {
    const verdict = UNUSABLE.has(decision.reason) ? 'breaking' : 'different'
    return { ...place, verdict, why: `${decision.reason}: ${decision.message}` }
  }
  if (decision.kind === 'ignored') return { ...place, verdict: 'different', why: decision.reason }
  const event = decision.events[fit.matched]
  const more = group.length <= fit.matched
  const fields = event && !more ? differing(recorded.event, event) : []
  return { ...place, verdict: 'different', ...(event && { decided: event }), ...(more && { more }), fields }
}
