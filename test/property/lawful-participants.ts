/**
 * Participants that keep their side of the contract: an inbox by idempotency key, the reply stored with the effect, a
 * tombstone where the undo came before the do. Messages to and from them are lost, late, repeated and out of order.
 */

import type { Outcome } from '../../shared/message/headers.ts'
import { idempotencyKey } from '../../shared/message/ids.ts'
import type { SendEffect } from '../../shared/saga/effects.ts'

export interface Answer {
  readonly effect: SendEffect
  readonly outcome: Outcome
}

export class LawfulParticipants {
  /** Net effect of each step: what was done, less what was undone. */
  readonly net = new Map<string, number>()
  readonly #inbox = new Map<string, Outcome>()

  /** Handles a command. `luck` below 20: a business refusal of the do; below 50: trouble before anything is done. */
  handle(effect: SendEffect, luck: number): Answer {
    const { command } = effect
    const key = idempotencyKey(command)
    const stored = this.#inbox.get(key)
    if (stored) return { effect, outcome: stored }
    if (luck >= 20 && luck < 50) return { effect, outcome: luck < 47 ? 'failed' : 'fatal' }
    const outcome = command.direction === 'forward' ? this.#do(effect, luck) : this.#undo(effect)
    this.#inbox.set(key, outcome)
    return { effect, outcome }
  }

  /** A person at the participant takes a refusal back, so that the step can be asked for again. */
  forgetRefusal(effect: SendEffect): void {
    const key = idempotencyKey(effect.command)
    if (this.#inbox.get(key) === 'rejected') this.#inbox.delete(key)
  }

  #do({ command }: SendEffect, luck: number): Outcome {
    const undone = this.#inbox.has(idempotencyKey({ ...command, direction: 'compensate' }))
    if (undone || luck < 20) return 'rejected'
    this.net.set(command.step, (this.net.get(command.step) ?? 0) + 1)
    return 'success'
  }

  #undo({ command }: SendEffect): Outcome {
    const done = this.#inbox.get(idempotencyKey({ ...command, direction: 'forward' })) === 'success'
    if (done) this.net.set(command.step, (this.net.get(command.step) ?? 0) - 1)
    return 'success'
  }
}
