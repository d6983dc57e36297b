/**
 * What one partition's sagas have under way at participants: which steps are held, and which calls are out. A fold of
 * the partition's events and nothing else, so that whoever takes the partition over knows the same.
 */
import type { EventEnvelope, SagaEvent } from '../message/events.ts'
import type { Direction, SagaId } from '../message/ids.ts'
import { ROOT } from '../message/step-path.ts'
import { type MapChanges, type Table, TrackedMap } from '../message/tracked-map.ts'
import type { Call, Calls, CallWatcher } from './call.ts'
import { SagaCalls } from './saga-calls.ts'

/** What is to be known of a saga. */
export interface SagaFacts {
  readonly priority: number
  readonly paused: boolean
}

/** What the book has of one saga, as plain data. */
export interface BookEntry {
  /** It is paused, and steps of it are held. */
  readonly paused: boolean
  readonly calls: readonly KnownCall[]
}

type KnownCall = Pick<Call, 'step' | 'direction' | 'participant' | 'key' | 'since' | 'priority' | 'status'>

const NOBODY: CallWatcher = { held() {}, sent() {}, ended() {} }

export class FlowBook implements Calls {
  readonly #sagas = new TrackedMap<SagaId, SagaCalls>()
  /** Held steps of sagas that are paused: they keep their age, and nobody asks for them. */
  readonly #paused = new Set<SagaId>()
  /** Of these some could not be admitted: they are asked for again when something happens to them. */
  readonly #aside = new Set<SagaId>()
  /** Nothing is decided for these: what they have under way stays as it is, and nobody is told of it. */
  readonly #stopped = new Set<SagaId>()
  #watcher: CallWatcher = NOBODY

  /** Tells one of all changes from now on, and of what there is already; `undefined`: nobody any more. */
  watch(watcher: CallWatcher | undefined): void {
    this.#watcher = watcher ?? NOBODY
    if (!watcher) return
    for (const saga of this.#sagas.keys()) if (!this.#stopped.has(saga)) this.#tellAll(saga)
  }

  #tellAll(saga: SagaId): void {
    for (const call of this.of(saga)) {
      if (call.status === 'sent') this.#watcher.sent(call)
      else if (!this.#paused.has(saga)) this.#watcher.held(call)
    }
  }

  /** Every call, in the order in which they came. */
  *calls(): IterableIterator<Call> {
    for (const { all } of this.#sagas.values()) yield* all
  }

  /** What the saga has under way. */
  of(saga: SagaId): readonly Call[] {
    return [...(this.#sagas.get(saga)?.all ?? [])]
  }

  isPaused(saga: SagaId): boolean {
    return this.#paused.has(saga)
  }

  /** Folds an event. */
  take({ sagaId: saga, at, event }: EventEnvelope, facts: SagaFacts): void {
    switch (event.type) {
      case 'step-held':
      case 'compensation-held':
        this.#hold({ saga, at, facts }, event)
        break
      case 'step-requested':
      case 'compensation-requested':
        if (!isOwn(event)) this.#send({ saga, at, facts }, event)
        break
      case 'step-succeeded':
      case 'step-rejected':
        this.#end(saga, event.step, { direction: 'forward', worked: true })
        break
      case 'compensation-succeeded':
        this.#end(saga, event.step, { direction: 'compensate', worked: true })
        break
      case 'step-failed':
        this.#end(saga, event.step, { direction: 'forward', worked: !isTrouble(event) })
        break
      case 'compensation-failed':
        this.#end(saga, event.step, { direction: 'compensate', worked: !isTrouble(event) })
        break
      default:
        this.#fold(saga, event)
    }
    this.#sagas.touch(saga)
    if (this.#aside.size > 0 && this.#aside.delete(saga)) this.#askAgain(saga)
  }

  /** A call that its saga cannot be admitted for now: it is asked for again when something happens to the saga. */
  putAside(call: Call): void {
    if (call.status !== 'held') return
    this.#aside.add(call.saga)
    this.#watcher.ended(call, undefined)
  }

  /** Nothing is decided for the saga here any more. The log says nothing of that: whoever reads it has its calls. */
  stop(saga: SagaId): void {
    this.#stopped.add(saga)
    for (const call of this.of(saga)) this.#watcher.ended(call, undefined)
  }

  /** Something is decided for it again: what it has under way is told anew. */
  goOn(saga: SagaId): void {
    if (this.#stopped.delete(saga)) this.#tellAll(saga)
  }

  /** The calls of each saga, told as data. */
  get entries(): Table<SagaId, BookEntry> {
    const told = ({ values, ...rest }: MapChanges<SagaId, SagaCalls>) => {
      return { ...rest, values: values.map((calls, i) => this.#entryOf(rest.keys[i], calls)) }
    }
    return {
      all: () => told(this.#sagas.all()),
      changes: () => told(this.#sagas.changes()),
      forget: () => this.#sagas.forget(),
      take: ({ values, ...rest }) =>
        this.#sagas.take({ ...rest, values: values.map((entry, i) => this.#callsOf(rest.keys[i], entry)) }),
    }
  }

  /** Forgets a saga: nothing of it is known any more. */
  forget(saga: SagaId): void {
    for (const call of this.of(saga)) this.#drop(call)
    this.#paused.delete(saga)
  }

  #entryOf(saga: SagaId | undefined, { all }: SagaCalls): BookEntry {
    const calls = [...all].map(({ step, direction, participant, key, since, priority, status }) => {
      return { step, direction, participant, key, since, priority, status }
    })
    return { paused: saga !== undefined && this.#paused.has(saga), calls }
  }

  #callsOf(saga: SagaId | undefined, { paused, calls }: BookEntry): SagaCalls {
    const known = new SagaCalls()
    if (saga === undefined) return known
    if (paused) this.#paused.add(saga)
    else this.#paused.delete(saga)
    for (const call of calls) known.add({ ...HELD, ...call, saga })
    return known
  }

  #fold(saga: SagaId, event: SagaEvent): void {
    switch (event.type) {
      case 'step-resolved':
      case 'failure-resolved':
      case 'step-skipped':
        this.#end(saga, event.step, { direction: 'forward' })
        return
      case 'undo-resolved':
        this.#end(saga, event.step, { direction: 'compensate' })
        return
      case 'saga-stuck':
        if (event.step !== null) this.#park(saga, event.step)
        return
      case 'compensation-started':
        this.#turnBack(saga, event.scope ?? ROOT)
        return
      case 'saga-paused':
        this.#pause(saga)
        return
      case 'saga-resumed':
        if (this.#paused.delete(saga)) this.#askAgain(saga)
        return
      case 'saga-migrated':
        this.#migrate(saga, event)
        return
      case 'saga-completed':
        this.#turnBack(saga, ROOT)
        return
      case 'saga-killed':
      case 'saga-voided':
        this.forget(saga)
    }
  }

  #hold(
    { saga, at, facts }: { saga: SagaId; at: number; facts: SagaFacts },
    event: Extract<SagaEvent, { type: 'step-held' | 'compensation-held' }>,
  ): void {
    const direction = event.type === 'step-held' ? 'forward' : 'compensate'
    const { step, participant, key = '' } = event
    this.#end(saga, step, { direction })
    const { priority, paused } = facts
    const call = this.#add({ saga, step, direction, participant, key, since: at, priority, ...HELD })
    if (paused) this.#paused.add(saga)
    else this.#watcher.held(call)
  }

  #send(
    { saga, at, facts }: { saga: SagaId; at: number; facts: SagaFacts },
    event: Extract<SagaEvent, { type: 'step-requested' | 'compensation-requested' }>,
  ): void {
    const direction = event.type === 'step-requested' ? 'forward' : 'compensate'
    const { step, participant, key = '' } = event
    const known = this.#sagas.get(saga)?.find(step, direction)
    if (known?.status === 'held' && known.participant === participant) {
      known.status = 'sent'
      this.#watcher.sent(known)
      return
    }
    this.#end(saga, step, { direction })
    const { priority } = facts
    this.#watcher.sent(this.#add({ saga, step, direction, participant, key, since: at, priority, ...SENT }))
  }

  /** A person is called for a step: what was held for it is not asked for any more, what was sent may be answered yet. */
  #park(saga: SagaId, step: string): void {
    for (const direction of ['forward', 'compensate'] as const) {
      const call = this.#sagas.get(saga)?.find(step, direction)
      if (call?.status === 'held') this.#drop(call)
    }
  }

  #end(saga: SagaId, step: string, how: { direction: Direction; worked?: boolean }): void {
    const call = this.#sagas.get(saga)?.find(step, how.direction)
    if (call) this.#drop(call, call.status === 'sent' ? how.worked : undefined)
  }

  /** Forward steps in there are not waited for any more. */
  #turnBack(saga: SagaId, scope: string): void {
    const known = this.#sagas.get(saga)
    if (!known) return
    for (const call of known.within(scope)) if (call.direction === 'forward') this.#drop(call)
  }

  /** Steps of the saga's own scope have other names, and all that is inside them with them; what was given counts as done. */
  #migrate(saga: SagaId, { renames = {}, outputs = {} }: Extract<SagaEvent, { type: 'saga-migrated' }>): void {
    const known = this.#sagas.get(saga)
    if (!known) return
    const calls = [...known.all]
    for (const call of calls) known.delete(call)
    for (const call of calls) {
      call.step = renamed(call.step, renames)
      known.add(call)
    }
    for (const call of calls) if (call.status === 'held' && Object.hasOwn(outputs, call.step)) this.#drop(call)
  }

  #pause(saga: SagaId): void {
    const known = this.#sagas.get(saga)
    if (!known) return
    this.#paused.add(saga)
    for (const call of known.all) if (call.status === 'held') this.#watcher.ended(call, undefined)
  }

  #askAgain(saga: SagaId): void {
    if (this.#paused.has(saga)) return
    for (const call of this.of(saga)) if (call.status === 'held' && call.place === 'out') this.#watcher.held(call)
  }

  #add(call: Call): Call {
    let known = this.#sagas.get(call.saga)
    if (!known) {
      known = new SagaCalls()
      this.#sagas.set(call.saga, known)
    }
    known.add(call)
    return call
  }

  #drop(call: Call, worked?: boolean): void {
    const known = this.#sagas.get(call.saga)
    if (!known) return
    known.delete(call)
    if (known.size === 0) {
      this.#sagas.delete(call.saga)
      if (this.#paused.size > 0) this.#paused.delete(call.saga)
      if (this.#aside.size > 0) this.#aside.delete(call.saga)
    }
    this.#watcher.ended(call, worked)
  }
}

const HELD = { status: 'held', place: 'out', partition: -1, probe: undefined, turn: -1 } as const
const SENT = { ...HELD, status: 'sent' } as const

/** What goes to Kasaga's own topics, a child saga's start for one, asks no participant. */
function isOwn({ commandType }: Extract<SagaEvent, { type: 'step-requested' | 'compensation-requested' }>): boolean {
  return commandType.startsWith('kasaga.')
}

/** The path of a step, in a saga whose own steps are renamed. */
function renamed(step: string, renames: Readonly<Record<string, string>>): string {
  const end = step.search(/[.[]|$/)
  const name = step.slice(0, end)
  return Object.hasOwn(renames, name) ? `${renames[name]}${step.slice(end)}` : step
}

/** What a participant cannot do, or does not answer. One that says that it never will has answered. */
function isTrouble({ error }: Extract<SagaEvent, { type: 'step-failed' | 'compensation-failed' }>): boolean {
  return error.kind === 'failed' || error.kind === 'timeout'
}
