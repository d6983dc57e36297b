/**
 * A definition without its code: whatever it would compute is nothing, every message fits, and what it would decide (a condition, a branch, whether a
 * loop is over) an oracle says, which is asked again until it has said everything. No time of a command runs.
 */

import type {
  Branch,
  Definition,
  EachStep,
  Mapping,
  Plan,
  PlannedCommand,
  SendingStep,
  StepDefinition,
} from '../definition.ts'
import { toleratedBy } from '../failure.ts'
import { plainSchema } from '../plain-schema.ts'

/** Says yes or no, and remembers what it was asked. */
export class Oracle {
  #answers: boolean[] = []
  #asked = 0

  /** Begins anew, with other answers than all times before; false: there are none left. */
  turn(): boolean {
    const given = this.#answers.slice(0, this.#asked)
    while (given.at(-1) === true) given.pop()
    if (given.length === 0) return false
    this.#answers = [...given.slice(0, -1), true]
    this.#asked = 0
    return true
  }

  /** Forgets what it was asked. */
  begin(): void {
    this.#answers = []
    this.#asked = 0
  }

  choose(): boolean {
    const at = this.#asked++
    this.#answers[at] ??= false
    return this.#answers[at] ?? false
  }
}

/** Rounds of a loop, and items of a fan-out, that are walked. */
export const ROUNDS_MAX = 2
const ITEMS_MIN = 2
const ITEMS_MAX = 4
const SLEEP_MS = 60_000

const ANY = plainSchema<unknown>(() => undefined)
const nothing: Mapping = () => null

export function loosened(definition: Definition, oracle: Oracle): Definition {
  const { name, version, deadlineMs, compensation, steps } = definition
  const plan = new Loosening(oracle).plan({ steps, output: undefined })
  return { name, version, deadlineMs, compensation, input: ANY, ...plan, output: nothing }
}

class Loosening {
  readonly #choose: Mapping

  constructor(oracle: Oracle) {
    this.#choose = () => oracle.choose()
  }

  plan({ steps, output }: Plan): Plan {
    return { steps: steps.map((step) => this.#step(step)), output: output && nothing }
  }

  #step(given: StepDefinition): StepDefinition {
    const step = { ...given, when: given.when && this.#choose }
    switch (step.type) {
      case 'command':
        return { ...step, ...sending(step) }
      case 'child':
        return { ...step, ...sending(step), id: undefined }
      case 'lock':
        return { ...step, ...sending(step), resource: () => step.name, forward: answered(step.forward) }
      case 'local':
        return { ...step, compute: nothing }
      case 'sleep':
        return { ...step, until: typeof step.until === 'number' ? step.until : SLEEP_MS }
      case 'signal':
        return { ...step, signal: { name: step.signal.name, payload: ANY } }
      case 'parallel':
      case 'choose':
      case 'attempt':
        return { ...step, branches: step.branches.map((branch) => this.#branch(branch)) }
      case 'each':
        return { ...step, items: () => itemsOf(step), body: this.plan(step.body) }
      case 'repeat': {
        const roundsMax = Math.min(step.roundsMax, ROUNDS_MAX)
        return { ...step, until: this.#choose, roundsMax, body: this.plan(step.body) }
      }
    }
  }

  #branch({ name, plan, when }: Branch): Branch {
    return { name, plan: this.plan(plan), when: when && this.#choose }
  }
}

/** As few as can fail for good with one more that is done, and then has to be undone. */
function itemsOf(step: EachStep): readonly number[] {
  const counts = Array.from({ length: ITEMS_MAX - ITEMS_MIN + 1 }, (_, i) => ITEMS_MIN + i)
  const count = counts.find((items) => items - toleratedBy(step, items) >= ITEMS_MIN) ?? ITEMS_MAX
  return Array.from({ length: count }, (_, i) => i)
}

function sending({ forward, undo }: SendingStep) {
  return { forward: loosePlanned(forward), undo: undo && loosePlanned(undo) }
}

/** A child gives what it gave, a command nothing. */
function loosePlanned({ command: { participant, name, type }, retry }: PlannedCommand): PlannedCommand {
  return { command: { participant, name, type, input: ANY }, map: nothing, retry, timeoutMs: null }
}

/** A lock's answer is looked at: a token is told of it. */
function answered({ command, retry }: PlannedCommand): PlannedCommand {
  return { command: { ...command, input: ANY }, map: nothing, retry, timeoutMs: null }
}
