/**
 * Steps that wait for their participant, as a reader of the log keeps them: told apart from the core, which is held against
 * it. Nothing that is gated is sent but by an admission that names it, and nothing else is held.
 */
import type { SagaEvent } from '../../shared/message/events.ts'
import type { Direction } from '../../shared/message/ids.ts'
import { isWithin, ROOT, scopeAround } from '../../shared/message/step-path.ts'
import type { Definition, Plan } from '../../shared/saga/definition.ts'
import { type HeldStep, heldSteps } from '../../shared/saga/held.ts'
import type { SagaInput } from '../../shared/saga/input.ts'
import { isBlock, plansInside } from '../../shared/saga/plan-tree.ts'
import type { SagaState } from '../../shared/saga/state.ts'
import { must } from './must.ts'
import type { Choices } from './plans/choices.ts'

/** What is decided on, while these are gated. */
export interface Deciding {
  readonly input: SagaInput
  readonly gated: ReadonlySet<string>
}

export class HeldWatch {
  readonly #held = new Map<string, HeldStep>()

  get held(): readonly HeldStep[] {
    return [...this.#held.values()]
  }

  /** Reads one event of a decision. */
  read(event: SagaEvent, deciding: Deciding): void {
    switch (event.type) {
      case 'step-held':
      case 'compensation-held':
        this.#hold(event, deciding)
        return
      case 'compensation-started':
        this.#drop(({ step, direction }) => direction === 'forward' && isWithin(scopeAround(step), event.scope ?? ROOT))
        return
      case 'saga-migrated':
        this.#rename(event.renames ?? {})
        return
      case 'saga-killed':
        this.#held.clear()
        return
      case 'step-requested':
      case 'compensation-requested':
        if (event.child === undefined) this.#expectSent(event, deciding)
    }
    if ('step' in event) this.#drop(({ step }) => step === event.step)
  }

  #hold(event: Extract<SagaEvent, { type: 'step-held' | 'compensation-held' }>, { input, gated }: Deciding): void {
    const { step, participant, key, type } = event
    const direction: Direction = type === 'step-held' ? 'forward' : 'compensate'
    must(gated.has(participant), () => `${step} is held, and ${participant} is not gated`)
    must(!this.#held.has(`${step}/${direction}`), () => `${step} is held twice`)
    const admitted = input.kind === 'admit' && input.steps.some((one) => one.step === step)
    must(!admitted || !this.#held.has(`${step}/${direction}`), () => `${step} is admitted, and held again at once`)
    this.#held.set(`${step}/${direction}`, { step, direction, participant, key })
  }

  /** What is sent was admitted, or was never to be held. */
  #expectSent(
    event: Extract<SagaEvent, { type: 'step-requested' | 'compensation-requested' }>,
    deciding: Deciding,
  ): void {
    const { input, gated } = deciding
    const { step, participant, key, type } = event
    const direction: Direction = type === 'step-requested' ? 'forward' : 'compensate'
    const held = this.#held.get(`${step}/${direction}`)
    const named = input.kind === 'admit' && input.steps.some((one) => one.step === step && one.direction === direction)
    must(!held || named, () => `${step} is held, and is sent without being admitted`)
    must(
      !gated.has(participant) || (held !== undefined && named),
      () => `${step} is sent to ${participant}, which is gated`,
    )
    must(!held || held.participant === participant, () => `${step} was held for ${held?.participant}`)
    must(!held || held.key === key, () => `${step} was held under ${held?.key}, and is sent under ${key}`)
  }

  #rename(renames: Readonly<Record<string, string>>): void {
    const before = this.held
    this.#held.clear()
    for (const held of before) {
      const step = renames[held.step] ?? held.step
      this.#held.set(`${step}/${held.direction}`, { ...held, step })
    }
  }

  #drop(goes: (held: HeldStep) => boolean): void {
    for (const [id, held] of this.#held) if (goes(held)) this.#held.delete(id)
  }

  /** Holds the state against what was read. */
  check(state: SagaState | undefined): void {
    const ofCore = state ? asText(heldSteps(state)) : ''
    const ofLog = asText(this.held)
    must(ofCore === ofLog, () => `held as the core has it: ${ofCore}; as the log tells: ${ofLog}`)
  }
}

function asText(held: readonly HeldStep[]): string {
  return held
    .map(({ step, direction, participant, key }) => `${step}/${direction} for ${participant} under ${key}`)
    .sort()
    .join(', ')
}

/** Every participant that a plan sends to. */
export function participantsOf(plan: Plan): readonly string[] {
  const found = plan.steps.flatMap((step) => {
    if (isBlock(step)) return plansInside(step).flatMap((inside) => participantsOf(inside.plan))
    if (step.type !== 'command') return []
    return [step.forward.command.participant, ...(step.undo ? [step.undo.command.participant] : [])]
  })
  return [...new Set(found)]
}

/** Some participants, all or none. */
export function someGated(definition: Definition, choices: Choices): ReadonlySet<string> {
  const all = participantsOf(definition)
  const how = choices.weighted([
    [2, 'none'],
    [2, 'all'],
    [3, 'some'],
  ] as const)
  if (how === 'none') return new Set()
  return new Set(how === 'all' ? all : choices.some(all))
}
