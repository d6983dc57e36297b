/** S8 from end to end: with lawful participants and a lossy way to them, a saga's net effect is all or nothing. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Answer, LawfulParticipants } from './lawful-participants.ts'
import { parameters, runs } from './property-runs.ts'
import { SagaDriver } from './saga-driver.ts'
import { definitionOf, Faults, luck, planShape } from './saga-plans.ts'

interface Turn {
  readonly kind: 'deliver' | 'hear' | 'fire' | 'cancel' | 'retry'
  readonly pick: number
  readonly luck: number
}

const percent = fc.integer({ min: 0, max: 99 })
const turn: fc.Arbitrary<Turn> = fc.record({
  kind: fc.oneof(
    { weight: 10, arbitrary: fc.constant<Turn['kind']>('deliver') },
    { weight: 10, arbitrary: fc.constant<Turn['kind']>('hear') },
    { weight: 5, arbitrary: fc.constant<Turn['kind']>('fire') },
    { weight: 1, arbitrary: fc.constantFrom<Turn['kind']>('cancel', 'retry') },
  ),
  pick: fc.nat({ max: 1_000 }),
  luck: percent,
})

/** Rounds in which everything is delivered and heard; more than a saga can need once nothing goes wrong. */
const ROUNDS_MAX = 120

class World {
  readonly driver: SagaDriver
  readonly participants = new LawfulParticipants()
  readonly #answers: Answer[] = []

  constructor(driver: SagaDriver) {
    this.driver = driver
  }

  take({ kind, pick, luck }: Turn): void {
    const { sent } = this.driver
    if (kind === 'deliver' && sent.length > 0)
      this.#deliver(pick % 3 === 0 ? pick % sent.length : sent.length - 1, luck)
    else if (kind === 'hear' && this.#answers.length > 0)
      this.#hear(pick % 3 === 0 ? pick % this.#answers.length : this.#answers.length - 1)
    else if (kind === 'fire') this.#fire()
    else if (kind === 'cancel' || kind === 'retry') this.#ask(kind, `r-${pick}`)
    this.driver.check()
  }

  /** Nothing is lost any more: what was ever sent arrives, what was ever answered is heard, persons mend what is stuck. */
  settle(): void {
    for (let round = 0; round < ROUNDS_MAX && !this.driver.ended; round++) {
      if (this.driver.sent.length > 0) this.#deliver(this.driver.sent.length - 1, 99)
      if (this.#answers.length > 0) this.#hear(this.#answers.length - 1)
      if (this.driver.state?.status === 'stuck') this.#mend(round)
      else if (this.driver.waitsForSignal) this.driver.signal(`settle-${round}`)
      else if (!this.driver.waitsForAnswer) this.#fire()
      this.driver.check()
    }
    for (let i = 0; i < this.driver.sent.length; i++) this.#deliver(i, 99)
  }

  /** No retry gets past a refusal that an inbox holds: it is taken back there first. */
  #mend(round: number): void {
    const { sent, state } = this.driver
    const onward = state?.status === 'stuck' && state.phase === 'running'
    const refused = onward ? state.steps.find((step) => step.status === 'rejected') : undefined
    for (const effect of sent) if (effect.command.step === refused?.name) this.participants.forgetRefusal(effect)
    this.#ask('retry', `mend-${round}`)
  }

  #deliver(index: number, luck: number): void {
    const effect = this.driver.sent[index]
    if (effect) this.#answers.push(this.participants.handle(effect, luck))
  }

  #hear(index: number): void {
    const answer = this.#answers[index]
    if (answer) this.driver.answer(answer.effect, answer.outcome, answer.outcome === 'success' ? 1 : { code: 'c' })
  }

  #fire(): void {
    this.driver.now = Math.max(this.driver.now, this.driver.dueAt ?? this.driver.now)
    this.driver.fire()
  }

  #ask(kind: 'cancel' | 'retry', requestId: string): void {
    this.driver.give({ kind, sagaId: this.driver.faults.sagaId, requestId, actor: 'ann', reason: 'so' })
  }
}

describe('with participants that keep the contract', () => {
  const seen = { completed: 0, compensated: 0, someDone: 0 }

  it('a completed saga did each step once, a compensated one left nothing of what can be undone', () => {
    const world = fc.record({ shape: planShape, luck, turns: fc.array(turn, { maxLength: 40, size: 'max' }) })
    fc.assert(
      fc.property(world, ({ shape, luck, turns }) => {
        const faults = new Faults(luck)
        const driver = new SagaDriver(definitionOf(shape, faults), faults)
        const world = new World(driver)
        driver.start()
        for (const turn of turns) world.take(turn)
        faults.on = false
        world.settle()
        const { state } = driver
        expect(driver.ended, `L7: it is ${state?.status}`).toBe(true)
        for (const step of driver.definition.steps) {
          if (step.type !== 'command') continue
          const skipped = state?.steps.some(({ name, status }) => name === step.name && status === 'skipped')
          const net = world.participants.net.get(step.name) ?? 0
          if (state?.status === 'completed') expect(net, `S8: ${step.name} of a completed saga`).toBe(skipped ? 0 : 1)
          else if (step.undo || step.kind === 'pivot') expect(net, `S8: ${step.name} of a compensated saga`).toBe(0)
          else expect(net, `S8: ${step.name}, which has no undo`).toBeLessThanOrEqual(1)
        }
        if (state?.status === 'completed') seen.completed++
        else seen.compensated++
        if (state?.status === 'compensated' && driver.sent.length > 2) seen.someDone++
      }),
      parameters(2_000),
    )
  })

  it('came to both endings', () => {
    expect(seen.completed).toBeGreaterThan(runs(2_000) / 20)
    expect(seen.compensated).toBeGreaterThan(runs(2_000) / 20)
    expect(seen.someDone).toBeGreaterThan(runs(2_000) / 50)
  })
})
