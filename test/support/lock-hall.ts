/** Sagas and the locks that they ask for; what they tell each other arrives at once. */
import type { LockId } from '../../shared/message/ids.ts'
import { lockId } from '../../shared/message/ids.ts'
import { lockCommand } from '../../shared/runtime/effect-record.ts'
import { lockChange } from '../../shared/runtime/lock-turn.ts'
import { PartitionLocks } from '../../shared/runtime/partition-locks.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import { Play } from './play.ts'

export class LockHall {
  readonly plays = new Map<string, Play>()
  readonly locks = new PartitionLocks(100)
  readonly #told = new Map<Play, number>()

  /** Starts a saga, and lets what follows arrive. */
  start(definition: Definition, id: string, input: Parameters<Play['start']>[0] = {}): Play {
    const play = new Play(definition, id)
    this.plays.set(id, play)
    play.start(input)
    this.carry()
    return play
  }

  /** Who holds the lock, and who waits: `a, then b, c`. */
  who(resource: string): string {
    const { asks } = this.locks.known(lockId(resource))
    const names = (holds: boolean) => asks.filter((ask) => (ask.token !== undefined) === holds).map(({ saga }) => saga)
    return `${names(true).join(', ') || 'nobody'}${names(false).length > 0 ? `, then ${names(false).join(', ')}` : ''}`
  }

  /** Carries what was said until nothing is on its way. */
  carry(): void {
    for (let moved = true; moved; ) moved = [...this.plays.values()].some((play) => this.#carryOne(play))
  }

  #carryOne(play: Play): boolean {
    const told = this.#told.get(play) ?? 0
    const effect = play.effects[told]
    if (!effect) return false
    this.#told.set(play, told + 1)
    if (effect.kind === 'ask-lock' || effect.kind === 'free-lock' || effect.kind === 'leave-lock')
      this.tell(effect.lock, lockCommand(effect), play.now)
    return true
  }

  tell(lock: LockId, command: Parameters<typeof lockChange>[1], now = 0): void {
    const change = lockChange(this.locks.known(lock), command, { at: now, causationId: 'c', source: '/locks' })
    if (change.kind !== 'changed') return
    this.locks.keep(change.after)
    for (const { asker, outcome, body } of change.effects) {
      const { saga: sagaId, step, attempt } = asker
      const reply = { kind: 'reply', sagaId, step, direction: 'forward', attempt, outcome, body } as const
      this.plays.get(sagaId)?.give({ ...reply, errorCode: undefined, retryAfterMs: undefined })
    }
  }
}
