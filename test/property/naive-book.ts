/** What a history says of each step that sent a command, read off it line by line. No state, no folding, no rules of the core. */
import type { EventEnvelope } from '../../shared/message/events.ts'
import { isWithin, ROOT, scopeAround } from '../../shared/message/step-path.ts'
import type { Definition, StepDefinition } from '../../shared/saga/definition.ts'
import { isSending, stepAt } from '../../shared/saga/plan-tree.ts'

/** A scope that turned back, and with it all in it that had not turned back before. */
export interface Turn {
  readonly scope: string
  readonly seq: number
}

/** Numbers are those of events; absent: there was none. */
export interface Sent {
  path: string
  /** What its participant knows it by: the path that it was sent under first. */
  readonly wire: string
  planned: StepDefinition
  /** Its first command. */
  readonly begun: number
  /** Its participant said no to the newest command. */
  refused: boolean
  /** A person said what became of it. */
  byWord?: true
  /** It had said no, and had done it all the same. */
  late?: number
  /** The turn that it fell under. */
  turn?: Turn
  undoBegun?: number
  readonly undone: number[]
}

export class NaiveBook {
  /** The one that it runs on at the end. */
  definition: Definition
  /** When it was moved there from another version. */
  movedAt = 0
  readonly sent = new Map<string, Sent>()
  /** When each scope came to the end of its way back. */
  readonly closed = new Map<string, number>()
  /** When each step and scope began, sent or not. */
  readonly began = new Map<string, number>()
  readonly #turns: Turn[] = []
  /** Steps that wait to be sent for the first time. */
  readonly #held = new Set<string>()

  readonly #movedTo: Definition[]

  /** @param movedTo the definitions that it was moved to, in order */
  constructor(definition: Definition, history: readonly EventEnvelope[], movedTo: readonly Definition[] = []) {
    this.definition = definition
    this.#movedTo = [...movedTo]
    for (const envelope of history) this.#read(envelope)
    for (const sent of this.sent.values()) {
      const turn = this.#turns.find(({ scope }) => isWithin(scopeAround(sent.path), scope))
      if (turn) sent.turn = turn
    }
  }

  /** Steps that are to be undone: S5. */
  due(): Sent[] {
    return [...this.sent.values()].filter(
      (sent) =>
        sent.turn &&
        (canBeUndone(sent.planned) || sent.undoBegun !== undefined) &&
        (!sent.refused || sent.late !== undefined),
    )
  }

  #read({ event, seq }: EventEnvelope): void {
    switch (event.type) {
      case 'step-requested':
        this.#request(event.step, seq)
        return
      case 'step-held':
        // It has its place among the others from then on, unless it cannot be sent when there is room.
        if (!this.sent.has(event.step)) this.#heldFirst(event.step, seq)
        return
      case 'step-succeeded':
        this.#at(event.step).refused = false
        return
      case 'step-rejected':
        this.#at(event.step).refused = true
        return
      case 'step-resolved':
        this.#resolve(event.step, { seq, refused: event.notDone === true })
        return
      case 'failure-resolved':
        this.#resolve(event.step, { seq, refused: true })
        return
      case 'late-success':
        this.#at(event.step).late = seq
        return
      case 'block-started':
      case 'wait-started':
      case 'step-computed':
        this.began.set(event.step, seq)
        return
      case 'scope-started':
        this.began.set(event.scope, seq)
        return
      case 'compensation-started':
        this.#turns.push({ scope: event.scope ?? ROOT, seq })
        return
      case 'scope-compensated':
        this.closed.set(event.scope, seq)
        return
      case 'saga-compensated':
        this.closed.set(ROOT, seq)
        return
      case 'compensation-held':
      case 'compensation-requested':
        this.#at(event.step).undoBegun ??= seq
        return
      case 'compensation-succeeded':
      case 'undo-resolved':
        this.#at(event.step).undone.push(seq)
        return
      case 'saga-migrated':
        this.#move(event.renames ?? {}, seq)
        return
      case 'saga-stuck':
        if (event.step === null) return
        if (this.#held.delete(event.step)) this.began.delete(event.step)
        this.#park(event.step, seq)
    }
  }

  /** Steps go on under their new names, each as the new plan has it; what was settled before is as it was. */
  #move(renames: Readonly<Record<string, string>>, seq: number): void {
    this.definition = this.#movedTo.shift() ?? this.definition
    this.movedAt = seq
    for (const [from, to] of Object.entries(renames)) {
      const sent = this.sent.get(from)
      const began = this.began.get(from)
      this.sent.delete(from)
      if (sent) this.sent.set(to, Object.assign(sent, { path: to }))
      if (began !== undefined) this.began.set(to, began)
      if (this.#held.delete(from)) this.#held.add(to)
    }
    for (const sent of this.sent.values())
      if (!this.#isClosed(sent.path)) sent.planned = stepAt(this.definition, sent.path) ?? sent.planned
  }

  #isClosed(path: string): boolean {
    return [...this.closed.keys()].some((scope) => isWithin(path, scope))
  }

  #request(path: string, seq: number): void {
    const known = this.sent.get(path)
    const planned = stepAt(this.definition, path)
    if (known) known.refused = false
    else if (planned) {
      this.sent.set(path, { path, wire: path, planned, begun: seq, refused: false, undone: [] })
      if (!this.#held.delete(path)) this.began.set(path, seq)
    }
  }

  #heldFirst(path: string, seq: number): void {
    this.#held.add(path)
    this.began.set(path, seq)
  }

  /** A person's word counts as an answer, also of a step that was never sent. */
  #resolve(path: string, { seq, refused }: { seq: number; refused: boolean }): void {
    const planned = stepAt(this.definition, path)
    if (!planned || !isSending(planned)) return
    if (!this.sent.has(path)) this.#request(path, seq)
    this.#at(path).refused = refused
    this.#at(path).byWord = true
  }

  /** An undo that had its turn has begun, also where a person has to see to it. */
  #park(path: string, seq: number): void {
    const sent = this.sent.get(path)
    if (sent && this.#turns.some(({ scope }) => isWithin(scopeAround(path), scope))) sent.undoBegun ??= seq
  }

  #at(path: string): Sent {
    const known = this.sent.get(path)
    if (!known) throw new Error(`${path} was never asked for`)
    return known
  }
}

/** Whether somebody undoes the step: a participant, a child saga or a person. */
export function canBeUndone(step: StepDefinition): boolean {
  return (step.type === 'command' && step.byHand !== undefined) || ('undo' in step && step.undo !== undefined)
}
