/**
 * Sagas that ask for locks, over transports that lose nothing for ever, repeat, and are late. What a saga's owner or a
 * lock's owner has decided stands in its log, and is sent from there in order. An owner that is replaced may go on to send
 * what it had decided, for as long as it likes, beside the new one that sends a suffix of it again. So a record comes at
 * least once, its first copy after those of earlier records, and further copies whenever.
 */
import { decideLock } from '../../shared/lock/decide-lock.ts'
import { evolveLock } from '../../shared/lock/evolve-lock.ts'
import { type AnswerAsker, lockEffectsOf } from '../../shared/lock/lock-effects.ts'
import { LockReader } from '../../shared/lock/lock-invariants.ts'
import { isFree } from '../../shared/lock/lock-state.ts'
import { type LockId, lockId, resourceOf, type SagaId, sagaId } from '../../shared/message/ids.ts'
import type { LockCommand } from '../../shared/message/lock-command.ts'
import type { LockEnvelope } from '../../shared/message/lock-events.ts'
import { PartitionLocks } from '../../shared/runtime/partition-locks.ts'
import { must } from './must.ts'

/** What one owner has decided to send, and those that send it. */
class Outbox<Message> {
  readonly log: Message[] = []
  /** Each sends the log in order from where it stands; the last is the owner, the others were replaced. */
  readonly #senders: { next: number; end: number }[] = [{ next: 0, end: Number.POSITIVE_INFINITY }]
  /** All before it is known to be sent: a new owner begins there. */
  #mark = 0

  tell(...messages: readonly Message[]): void {
    this.log.push(...messages)
  }

  /** A new owner sends again from the mark on; the old one may go on with what had been decided by then. */
  replace(luck: number): void {
    const old = this.#senders.at(-1)
    if (old) old.end = this.log.length
    this.#mark += luck % (Math.min(old?.next ?? 0, this.log.length) - this.#mark + 1)
    this.#senders.push({ next: this.#mark, end: Number.POSITIVE_INFINITY })
  }

  /** The next message of one of those that send; `undefined`: that one has nothing to send. */
  send(luck: number): Message | undefined {
    const sender = this.#senders[luck % this.#senders.length]
    if (!sender || sender.next >= Math.min(sender.end, this.log.length)) return undefined
    return this.log[sender.next++]
  }

  get isSent(): boolean {
    return (this.#senders.at(-1)?.next ?? 0) >= this.log.length
  }

  /** The next message of the owner itself. */
  sendOwn(): Message | undefined {
    return this.send(this.#senders.length - 1)
  }
}

/** Locks in the order in which every saga asks for them, so that no two wait for each other. */
interface LockedSaga {
  readonly id: SagaId
  readonly wants: readonly LockId[]
  readonly permits: readonly number[]
  /** Which of `wants` it asks for or holds last. */
  at: number
  attempt: number
  status: 'asks' | 'holds' | 'ended'
  /** Attempts of the asks that it has not freed, by their place in `wants`. */
  readonly open: Map<number, number>
  /** Tokens of what it holds. */
  readonly tokens: Map<LockId, number>
}

/** A command, but for which lock it is to. */
type Said<Command = LockCommand> = Command extends LockCommand ? Omit<Command, 'lockId' | 'requestId'> : never

const OWNERS = 3

export class LockWorld {
  readonly #next: () => number
  readonly #sagas: LockedSaga[] = []
  readonly #outboxes = Array.from({ length: OWNERS }, () => new Outbox<LockCommand>())
  readonly #answers = new Outbox<AnswerAsker>()
  readonly #events: LockEnvelope[] = []
  readonly #reader = new LockReader()
  readonly #freeMax: number
  #locks: PartitionLocks
  #now = 1_000
  /** What was seen to happen, so that nobody believes in a world where nothing does. */
  readonly seen = new Map<string, number>()

  constructor(next: () => number) {
    this.#next = next
    this.#freeMax = [0, 1, 3][next() % 3] ?? 0
    this.#locks = new PartitionLocks(this.#freeMax)
    const ids = ['a', 'b', 'c'].slice(0, 1 + (next() % 3)).map(lockId)
    const permits = ids.map(() => 1 + (next() % 2))
    for (let i = 0; i < 3 + (next() % 12); i++) {
      const from = next() % ids.length
      const ofSaga = next() % 10 === 0 ? permits.map(() => 3) : permits
      const wants = ids.slice(from, from + 1 + (next() % 2))
      const saga = { id: sagaId(`s-${i}`), wants, permits: ofSaga.slice(from), at: 0, attempt: 0 } as const
      this.#sagas.push({ ...saga, status: 'ended', open: new Map(), tokens: new Map() })
    }
  }

  /** One thing happens. */
  step(): void {
    this.#now += this.#next() % 3
    const what = this.#next() % 16
    const outbox = this.#outboxes[this.#next() % OWNERS]
    if (what < 6) this.#deliver(outbox?.send(this.#next()))
    else if (what < 10) this.#hear(this.#answers.send(this.#next()))
    else if (what === 10) outbox?.replace(this.#next())
    else if (what === 11) this.#answers.replace(this.#next())
    else if (what === 12) this.#takeOver()
    else this.#act(this.#sagas[this.#next() % this.#sagas.length])
  }

  /** Nothing is lost any more, and each saga does what it has to do. */
  settle(): void {
    for (let round = 0; this.#sagas.some(({ status }) => status !== 'ended') || !this.#isSent; round++) {
      must(round < 2_000, 'L1: a saga waits for ever')
      for (const outbox of this.#outboxes) this.#deliver(outbox.sendOwn())
      this.#hear(this.#answers.sendOwn())
      this.#now++
      for (const saga of this.#sagas) if (saga.status === 'holds') this.#goOn(saga)
    }
    for (const { lock, saga } of this.#reader.open()) must(false, `S26: ${saga} has ended, and has ${lock}`)
    for (const { wants } of this.#sagas)
      for (const id of wants) must(isFree(this.#locks.known(id)), `S26: ${id} is not free`)
  }

  get #isSent(): boolean {
    return this.#answers.isSent && this.#outboxes.every((outbox) => outbox.isSent)
  }

  #note(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1)
  }

  // --- sagas ---

  #act(saga: LockedSaga | undefined): void {
    if (!saga) return
    const luck = this.#next() % 6
    if (saga.status === 'ended') {
      if (saga.attempt === 0) this.#ask(saga)
    } else if (saga.status === 'holds') this.#goOn(saga)
    else if (luck === 0) this.#withdraw(saga)
    else if (luck === 1) this.#end(saga, 'killed while it waits')
  }

  #goOn(saga: LockedSaga): void {
    if (saga.at + 1 < saga.wants.length) {
      saga.at++
      this.#ask(saga)
    } else if (this.#next() % 2 === 0) this.#undo(saga)
    else this.#end(saga, 'ended')
  }

  #send(saga: LockedSaga, at: number, command: Said): void {
    const id = saga.wants[at]
    if (id === undefined) return
    this.#outboxes[this.#sagas.indexOf(saga) % OWNERS]?.tell({ ...command, lockId: id, requestId: 'r' })
  }

  /** By the clock of its owner. */
  #askedAt(saga: LockedSaga): number {
    return this.#now + (this.#sagas.indexOf(saga) % OWNERS) * 2
  }

  #ask(saga: LockedSaga): void {
    saga.status = 'asks'
    saga.attempt++
    saga.open.set(saga.at, saga.attempt)
    const asker = { saga: saga.id, step: `lock-${saga.at}`, attempt: saga.attempt }
    const permits = saga.permits[saga.at] ?? 1
    this.#send(saga, saga.at, { kind: 'ask', asker, permits, askedAt: this.#askedAt(saga) })
  }

  /** It has waited for long enough, and turns back. */
  #withdraw(saga: LockedSaga): void {
    this.#note('withdrawn')
    this.#free(saga, saga.at)
    this.#undo(saga)
  }

  #free(saga: LockedSaga, at: number): void {
    const asker = { saga: saga.id, step: `lock-${at}`, attempt: saga.open.get(at) ?? 0 }
    this.#send(saga, at, { kind: 'free', asker, askedAt: this.#askedAt(saga) })
    saga.open.delete(at)
    const id = saga.wants[at]
    if (id !== undefined) saga.tokens.delete(id)
  }

  /** In the reverse order, one by one; then it has ended. */
  #undo(saga: LockedSaga): void {
    for (const at of [...saga.open.keys()].reverse()) this.#free(saga, at)
    this.#end(saga, 'undone')
  }

  /** What it has not freed is freed by its end. */
  #end(saga: LockedSaga, how: string): void {
    this.#note(how)
    for (const at of saga.open.keys())
      this.#send(saga, at, { kind: 'leave', saga: saga.id, askedAt: this.#askedAt(saga) })
    saga.open.clear()
    saga.tokens.clear()
    saga.status = 'ended'
  }

  #hear(answer: AnswerAsker | undefined): void {
    const saga = answer && this.#sagas.find(({ id }) => id === answer.asker.saga)
    if (answer === undefined || saga?.status !== 'asks') return
    const { step, attempt } = answer.asker
    if (step !== `lock-${saga.at}` || attempt !== saga.attempt) return
    if (answer.outcome === 'failed') {
      this.#note('asked late')
      this.#ask(saga)
      return
    }
    if (answer.outcome === 'rejected') {
      // Nothing is to be freed: the lock has not taken it.
      saga.open.delete(saga.at)
      this.#note('rejected')
      this.#undo(saga)
      return
    }
    saga.status = 'holds'
    saga.tokens.set(answer.lock, (answer.body as { token: number }).token)
    this.#expectExclusion(answer.lock)
  }

  /** What sagas believe, which is all that counts: no more of them hold a lock than it has permits. */
  #expectExclusion(lock: LockId): void {
    const holding = this.#sagas.filter(({ tokens }) => tokens.has(lock))
    const permits = Math.min(...holding.map(({ permits, wants }) => permits[wants.indexOf(lock)] ?? 1))
    must(
      holding.length <= permits,
      `S25: ${holding.map(({ id }) => id)} hold ${resourceOf(lock)} of ${permits} permits`,
    )
    must(new Set(holding.map(({ tokens }) => tokens.get(lock))).size === holding.length, 'S25: two have one token')
    if (holding.length > 0) this.#note(`held by ${holding.length}`)
  }

  // --- locks ---

  #deliver(command: LockCommand | undefined): void {
    if (!command) return
    const before = this.#locks.known(command.lockId)
    const decision = decideLock(before, command)
    if (decision.kind === 'ignored') this.#note(decision.reason)
    if (decision.kind !== 'events') return
    const { lockId: id } = command
    const envelopes = decision.events.map(
      (event, i): LockEnvelope => ({ lockId: id, seq: before.seq + i + 1, at: this.#now, causationId: 'c', event }),
    )
    this.#locks.keep(envelopes.reduce(evolveLock, before))
    this.#events.push(...envelopes)
    for (const envelope of envelopes) {
      const [wrong] = this.#reader.read(envelope)
      must(wrong === undefined, () => `${wrong?.invariant}: ${wrong?.message}`)
      this.#answers.tell(...lockEffectsOf(envelope))
    }
  }

  /** Another owner folds the log. What it knows of a lock is the same, but for when it forgets those that are free. */
  #takeOver(): void {
    const before = this.#locks
    this.#locks = new PartitionLocks(this.#freeMax)
    for (const envelope of this.#events) this.#locks.fold(envelope)
    for (const { wants } of this.#sagas)
      for (const id of wants)
        must(JSON.stringify(before.known(id)) === JSON.stringify(this.#locks.known(id)), `S2: ${id} is another one`)
    this.#note('taken over')
  }
}
