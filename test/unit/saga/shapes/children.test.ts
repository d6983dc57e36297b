import { describe, expect, it } from 'vitest'
import { sagaId } from '../../../../shared/message/ids.ts'
import type { Definition } from '../../../../shared/saga/definition.ts'
import type { Effect } from '../../../../shared/saga/effects.ts'
import { Play } from '../../../support/play.ts'
import { begin, shop, what } from './shop.ts'

const parcel = begin('parcel')
  .step('label', shop.do, what('label'))
  .undo(shop.undo, what('label'))
  .output(({ label }) => label.of)
const parent = begin('parent')
  .child('parcel', parcel, ({ input }) => input)
  .step('bill', shop.do, ({ parcel }) => ({ what: parcel }))
  .undo(shop.undo, what('bill'))
  .step('last', shop.do, what('last'))
  .end()

/** A parent and the children that it starts; what they tell each other arrives at once, unless it is held back. */
class Family {
  readonly parent: Play
  readonly children = new Map<string, Play>()
  readonly #told = new Map<Play, number>()
  readonly #child: Definition

  constructor(definition: Definition, child: Definition) {
    this.parent = new Play(definition, 'p-1')
    this.#child = child
  }

  /** Carries what was said until nothing is on its way. */
  carry(): void {
    for (let moved = true; moved; )
      moved = [this.parent, ...this.children.values()].some((play) => this.#carryOne(play))
  }

  #carryOne(play: Play): boolean {
    const told = this.#told.get(play) ?? 0
    const effect = play.effects[told]
    if (!effect) return false
    this.#told.set(play, told + 1)
    this.#deliver(effect)
    return true
  }

  #deliver(effect: Effect): void {
    if (effect.kind === 'send' || effect.kind === 'start-fork') return
    if (effect.kind === 'answer-parent') {
      const { step, direction, attempt, outcome, body, parent: sagaId } = effect
      if (sagaId !== this.parent.id) return
      const reply = { kind: 'reply', sagaId, step, direction, attempt, outcome, body } as const
      this.parent.give({ ...reply, errorCode: undefined, retryAfterMs: undefined })
      return
    }
    const child = this.children.get(effect.child) ?? new Play(this.#child, effect.child)
    this.children.set(effect.child, child)
    const { child: sagaId } = effect
    if (effect.kind === 'start-child') {
      const { definition, version, input, parent } = effect
      child.give({ kind: 'start', sagaId, definition, version, input, inputHash: 'h', parent })
    } else if (effect.kind === 'undo-child') child.give({ kind: 'undo', sagaId, parent: effect.parent })
    else child.give({ kind: 'cancel', sagaId, requestId: effect.requestId, actor: effect.parent, reason: 'parent' })
  }

  get only(): Play {
    const [child] = this.children.values()
    if (!child) throw new Error('no child was started')
    return child
  }
}

function family(definition: Definition = parent, child: Definition = parcel): Family {
  const family = new Family(definition, child)
  family.parent.start({ n: 1 })
  family.carry()
  return family
}

describe('a child saga', () => {
  it('is started with its own id, and waited for', () => {
    const { parent, children, only } = family()
    expect([...children.keys()]).toEqual(['p-1.parcel'])
    expect(only.state).toMatchObject({
      input: { n: 1 },
      parent: { sagaId: 'p-1', step: 'parcel', attempt: 1, waits: true },
    })
    expect(parent.open).toEqual(['parcel'])
  })
  it('gives its output to its parent', () => {
    const both = family()
    both.only.answer('label')
    both.carry()
    expect(both.parent.open).toEqual(['bill'])
    expect(both.parent.effects.at(-1)).toMatchObject({ command: { payload: { what: 'label' } } })
  })
  it('that is compensated has done nothing: its parent turns back', () => {
    const both = family()
    both.only.answer('label', 'rejected')
    both.carry()
    expect(both.only.status).toBe('compensated')
    expect(both.parent.state).toMatchObject({
      status: 'compensated',
      root: { cause: { step: 'parcel', error: { code: 'child-compensated' } } },
    })
  })
  it('is undone with its parent after it has completed', () => {
    const both = family()
    both.only.answer('label')
    both.carry()
    both.parent.answer('bill')
    both.parent.answer('last', 'rejected')
    both.parent.undone('bill')
    both.carry()
    expect(both.parent.open).toEqual(['undo parcel'])
    expect(both.only.open).toEqual(['undo label'])
    both.only.undone('label')
    both.carry()
    expect([both.only.status, both.parent.status]).toEqual(['compensated', 'compensated'])
  })
  it('is undone on its way, when its parent is cancelled', () => {
    const both = family()
    both.parent.act('cancel')
    both.carry()
    expect(both.only.open, 'its step may have been done').toEqual(['undo label'])
    both.only.undone('label')
    both.carry()
    expect([both.only.status, both.parent.status]).toEqual(['compensated', 'compensated'])
  })
  it('answers an undo that comes again', () => {
    const both = family()
    both.parent.act('cancel')
    both.carry()
    both.only.undone('label')
    const again = {
      kind: 'undo',
      sagaId: both.only.id,
      parent: { sagaId: both.parent.id, step: 'parcel', attempt: 2 },
    } as const
    expect(both.only.give(again)).toMatchObject({ kind: 'events' })
    expect(both.only.effects.at(-1)).toMatchObject({ kind: 'answer-parent', attempt: 2, outcome: 'success' })
    expect(both.only.give(again)).toMatchObject({ kind: 'ignored' })
    const stranger = { ...again, parent: { ...again.parent, step: 'other' } }
    both.only.give(stranger)
    expect(both.only.effects.at(-1)).toMatchObject({ kind: 'answer-parent', step: 'other', outcome: 'success' })
    expect(both.only.told.at(-1)).toBe('parent-refused other')
  })
  it('that another saga would have too refuses it, whatever it is at', () => {
    const both = family()
    const other = { sagaId: sagaId('p-2'), step: 'parcel', attempt: 1, waits: true }
    const { name: definition, version } = parcel
    const start = { kind: 'start', sagaId: both.only.id, definition, version, input: { n: 1 }, inputHash: 'h' } as const
    const refusal = { kind: 'answer-parent', parent: 'p-2', direction: 'forward', outcome: 'rejected' }
    both.only.give({ ...start, parent: other })
    expect(both.only.effects.at(-1)).toMatchObject({ ...refusal, body: { code: 'start-conflict' } })
    expect(both.only.status).toBe('running')
    both.only.answer('label')
    both.only.give({ ...start, parent: { ...other, attempt: 2 } })
    expect(both.only.effects.at(-1)).toMatchObject({ ...refusal, attempt: 2 })
    const { waits: _, ...stranger } = other
    both.only.give({ kind: 'undo', sagaId: both.only.id, parent: stranger })
    expect(both.only.effects.at(-1)).toMatchObject({ direction: 'compensate', outcome: 'success' })
    both.carry()
    expect([both.only.status, both.parent.open]).toEqual(['completed', ['bill']])
  })
  it('never starts after its undo', () => {
    const child = new Play(parcel, 'p-1.parcel')
    const link = { sagaId: child.id, step: 'parcel', attempt: 1 }
    child.give({ kind: 'undo', sagaId: child.id, parent: link })
    expect(child.told).toEqual(['saga-voided', 'parent-answered parcel'])
    expect(child.start()).toMatchObject({ kind: 'refused', reason: 'voided' })
    child.give({ kind: 'undo', sagaId: child.id, parent: { ...link, attempt: 2 } })
    expect(child.effects.map((effect) => 'attempt' in effect && effect.attempt)).toEqual([1, 2])
  })
  it('past its pivot goes forward only, and its parent is stuck', () => {
    const sealed = begin('parcel').pivot('post', shop.do, what('post')).step('tell', shop.do, what('tell')).end()
    const loose = begin('parent')
      .child('parcel', { ...sealed, steps: parcel.steps }, () => ({}))
      .end()
    const both = family(loose, sealed)
    both.only.answer('post')
    both.parent.act('cancel')
    both.carry()
    expect(both.parent.state).toMatchObject({
      status: 'stuck',
      parked: [{ step: 'parcel', error: { code: 'past-pivot' } }],
    })
    expect(both.only.open).toEqual(['tell'])
    both.only.answer('tell')
    both.carry()
    expect(both.only.status).toBe('completed')
    both.parent.resolve('parcel')
    expect(both.parent.status).toBe('compensated')
  })
  it('that cannot be started says so', () => {
    const both = family(parent, { ...parcel, input: shop.do.output as never })
    expect(both.only.told).toEqual(['saga-voided', 'parent-answered parcel'])
    expect(both.parent.state).toMatchObject({
      status: 'compensated',
      root: { cause: { error: { code: 'invalid-input' } } },
    })
  })
  it('that is killed leaves its parent to a person', () => {
    const both = family()
    both.only.act('kill')
    both.carry()
    expect(both.only.status).toBe('failed')
    expect(both.parent.state).toMatchObject({
      status: 'stuck',
      parked: [{ step: 'parcel', error: { code: 'child-killed' } }],
    })
  })
})

describe('a child that is killed while its parent waits to ask again', () => {
  it('is heard: it answers once, and never starts again under its id', () => {
    const [asks, ...rest] = parent.steps
    if (asks?.type !== 'child') throw new Error('the first step starts the child')
    const again = { ...asks.forward.retry, attempts: 3, firstDelayMs: 60_000 }
    const patient = { ...asks, forward: { ...asks.forward, timeoutMs: 5_000, retry: again } }
    const both = family({ ...parent, steps: [patient, ...rest] })
    both.parent.fire()
    expect(both.parent.told.at(-1)).toBe('step-failed parcel')
    both.only.act('kill')
    both.carry()
    expect(both.parent.state?.root.cause ?? both.parent.state?.parked[0]).toMatchObject({
      error: { code: 'child-killed' },
    })
  })
})

describe('a child that is let go', () => {
  const letGo = (undo: 'cancel' | 'leave') =>
    begin('parent')
      .child('parcel', parcel, () => ({}), { wait: false, undo, id: () => 'own-id' })
      .step('last', shop.do, ({ parcel }) => ({ what: parcel.sagaId }))
      .end()
  it('is done when it is started', () => {
    const both = family(letGo('leave'))
    expect(both.parent.open).toEqual(['last'])
    expect(both.parent.effects.at(-1)).toMatchObject({ command: { payload: { what: 'own-id' } } })
    both.only.answer('label')
    expect(both.only.effects.filter((effect) => effect.kind === 'answer-parent')).toEqual([])
  })
  it('is cancelled, or left alone, when its parent turns back', () => {
    const cancelled = family(letGo('cancel'))
    cancelled.parent.act('cancel')
    cancelled.carry()
    expect([cancelled.parent.status, cancelled.only.status]).toEqual(['compensated', 'compensating'])
    const left = family(letGo('leave'))
    left.parent.act('cancel')
    left.carry()
    expect([left.parent.status, left.only.status]).toEqual(['compensated', 'running'])
  })
})

describe('a child that can only go forward', () => {
  const onward = begin('parent')
    .pivot('first', shop.do, what('first'))
    .child('parcel', parcel, () => ({}))
    .end()
  /** The child was rejected, and its parent is stuck on it. */
  const stuck = () => {
    const both = family(onward)
    both.parent.answer('first')
    both.carry()
    both.only.answer('label', 'rejected')
    both.carry()
    return both
  }
  it('and was compensated is started anew at a person’s word', () => {
    const both = stuck()
    expect(both.parent.status).toBe('stuck')
    both.parent.act('retry')
    both.carry()
    expect([...both.children.keys()]).toEqual(['p-1.parcel', 'p-1.parcel.2'])
    const again = [...both.children.values()][1]
    again?.answer('label')
    both.carry()
    expect(both.parent.status).toBe('completed')
  })
  it('and was killed too', () => {
    const both = family(onward)
    both.parent.answer('first')
    both.carry()
    both.only.act('kill')
    both.carry()
    expect(both.parent.state).toMatchObject({ status: 'stuck', parked: [{ error: { code: 'child-killed' } }] })
    both.parent.act('retry')
    both.carry()
    expect([...both.children.keys()]).toEqual(['p-1.parcel', 'p-1.parcel.2'])
  })
  it('does not hear the first one again', () => {
    const both = stuck()
    const refusal = both.only.effects.at(-1)
    both.parent.act('retry')
    both.carry()
    if (refusal?.kind !== 'answer-parent') throw new Error('the child has answered')
    const { step, direction, attempt, outcome, body } = refusal
    const reply = { kind: 'reply', sagaId: both.parent.id, step, direction, attempt, outcome, body } as const
    expect(both.parent.give({ ...reply, errorCode: undefined, retryAfterMs: undefined })).toMatchObject({
      kind: 'ignored',
    })
  })
})
