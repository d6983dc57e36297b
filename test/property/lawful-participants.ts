/**
 * Participants that keep their side of the contract: an inbox by idempotency key, the reply stored with the effect, a
 * tombstone where the undo came before the do.
 */
import type { Outcome } from '../../shared/message/headers.ts'
import { idempotencyKey, type StepAddress } from '../../shared/message/ids.ts'

export class LawfulParticipants {
  /** Net effect of each step of each saga: what was done, less what was undone. */
  readonly net = new Map<string, number>()
  readonly #inbox = new Map<string, Outcome>()

  /** Handles a command. `luck` below 12: a business refusal of the do; below 35: trouble before anything is done. */
  handle(address: StepAddress, luck: number): Outcome {
    const key = idempotencyKey(address)
    const stored = this.#inbox.get(key)
    if (stored) return stored
    if (luck >= 12 && luck < 35) return luck < 32 ? 'failed' : 'fatal'
    const outcome = address.direction === 'forward' ? this.#do(address, luck) : this.#undo(address)
    this.#inbox.set(key, outcome)
    return outcome
  }

  /** A person at the participant takes a refusal back, so that the step can be asked for again. */
  forgetRefusal(address: StepAddress): void {
    const key = idempotencyKey(address)
    if (this.#inbox.get(key) === 'rejected') this.#inbox.delete(key)
  }

  #do(address: StepAddress, luck: number): Outcome {
    const undone = this.#inbox.has(idempotencyKey({ ...address, direction: 'compensate' }))
    if (undone || luck < 12) return 'rejected'
    this.#add(address, 1)
    return 'success'
  }

  #undo(address: StepAddress): Outcome {
    if (this.#inbox.get(idempotencyKey({ ...address, direction: 'forward' })) === 'success') this.#add(address, -1)
    return 'success'
  }

  #add({ sagaId, step }: StepAddress, effect: number): void {
    const key = netKey(sagaId, step)
    this.net.set(key, (this.net.get(key) ?? 0) + effect)
  }
}

export function netKey(sagaId: string, step: string): string {
  return `${sagaId}/${step}`
}
