/**
 * Drives bulk acts. Gateways form a group over the topic of bulk acts, which has one partition: whoever holds it drives all of
 * them, side by side, each at its own rate; when that one dies another takes over where the topic says.
 *
 *     joining --joined--> idle --assigned--> driving --revoked, once its turn is over--> idle        any --stop--> stopped
 *
 * Guarantee: an act is in the log at least once for each saga of the list that was open to it; all of these have one request id,
 * so it has one effect. A process that does not know yet that it has lost the partition can ask at the same time, with no more effect.
 */
import { messageOf } from '../../../shared/message/errors.ts'
import type { GroupListener, GroupMember } from '../../../shared/ports/broker.ts'
import type { Cancel } from '../../../shared/ports/clock.ts'
import { type Bulk, BulkBook } from './bulk-book.ts'
import { forgetLists, type TurnPorts, takeTurn } from './bulk-turn.ts'

export interface DriverPorts extends Omit<TurnPorts, 'goesOn'> {
  /** Names the group. */
  readonly prefix: string
}

/** How often the topic is looked at while nothing is due: for what is asked, and for who aborts. */
export const BULK_POLL_MS = 300
const RETRY_DELAY_MS_MIN = 500
const RETRY_DELAY_MS_MAX = 30_000
/** Between two turns of one bulk act, whatever its rate. */
const TURN_GAP_MS_MAX = 60_000

export class BulkDriver {
  readonly #ports: DriverPorts
  readonly #turnPorts: TurnPorts
  readonly #book: BulkBook
  /** When the next turn of each is due. */
  readonly #due = new Map<string, number>()
  readonly #failures = new Map<string, number>()
  #member: GroupMember | undefined
  #holds = false
  #stopped = false
  #troubles = 0
  #wake: () => void = () => {}
  #turn: Promise<void> = Promise.resolve()
  #loop: Promise<void> = Promise.resolve()

  constructor(ports: DriverPorts) {
    this.#ports = ports
    this.#turnPorts = { ...ports, goesOn: () => this.#goesOn() }
    this.#book = new BulkBook(ports)
  }

  /** Begins, and waits for nothing: without the topic there are no bulk acts, and all else goes on. */
  start(): void {
    this.#loop = this.#run()
  }

  /** Whether it is this process that drives them. */
  get drives(): boolean {
    return this.#goesOn()
  }

  /** Ends the turn that is under way, and leaves the group. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#wake()
    await this.#loop
    await this.#member?.close()
  }

  #goesOn(): boolean {
    return this.#holds && !this.#stopped && this.#member?.owns(0) === true
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      let restMs = BULK_POLL_MS
      try {
        this.#member ??= await this.#join()
        if (this.#goesOn()) {
          const turns = this.#takeTurns()
          this.#turn = turns.then(
            () => {},
            () => {},
          )
          restMs = await turns
        }
        this.#troubles = 0
      } catch (error) {
        if (this.#troubles === 0)
          this.#ports.log.warn('bulk acts wait', { topic: this.#ports.topic, error: messageOf(error) })
        restMs = backoffMs(this.#troubles++)
      }
      await this.#rest(restMs)
    }
  }

  async #join(): Promise<GroupMember> {
    const { broker, prefix, topic, log, metrics } = this.#ports
    const listener: GroupListener = {
      assigned: () => {
        this.#holds = true
        this.#wake()
      },
      revoked: async () => {
        this.#holds = false
        await this.#turn
        // Whoever has it now says how many there are.
        metrics.gauge('kasaga_bulk_open', 0)
      },
      records: () => {},
      trouble: ({ code, message }) => log.warn('bulk acts wait', { topic, code, error: message }),
    }
    return broker.join({ group: `${prefix}.bulk`, topics: [topic] }, listener)
  }

  /** One turn of each that is due; answers how long until the next is. */
  async #takeTurns(): Promise<number> {
    const { clock, metrics } = this.#ports
    const all = await this.#book.all()
    const open = all.filter(({ ended }) => !ended)
    metrics.gauge('kasaga_bulk_open', open.length)
    for (const left of all) if (left.ended && left.lists.size > 0) await forgetLists(this.#turnPorts, left)
    for (const bulk of open) {
      if (!this.#goesOn()) return 0
      if (bulk.aborted || (this.#due.get(bulk.id) ?? 0) <= clock.now()) await this.#drive(bulk)
    }
    for (const id of this.#due.keys()) if (!open.some((bulk) => bulk.id === id)) this.#due.delete(id)
    const next = Math.min(...open.map(({ id }) => (this.#due.get(id) ?? 0) - clock.now()))
    return Math.max(0, Math.min(BULK_POLL_MS, next))
  }

  /** One that cannot be driven now holds up no other. */
  async #drive(bulk: Bulk): Promise<void> {
    const { clock, log } = this.#ports
    const { id } = bulk
    try {
      const waitMs = await takeTurn(this.#turnPorts, bulk)
      this.#due.set(id, clock.now() + Math.max(0, Math.min(Math.ceil(waitMs), TURN_GAP_MS_MAX)))
      this.#failures.delete(id)
    } catch (error) {
      const failures = this.#failures.get(id) ?? 0
      if (failures === 0) log.warn('a bulk act waits', { id, error: messageOf(error) })
      this.#failures.set(id, failures + 1)
      this.#due.set(id, clock.now() + backoffMs(failures))
    }
  }

  #rest(delayMs: number): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    return new Promise((resolve) => {
      let cancel: Cancel = () => {}
      this.#wake = () => {
        cancel()
        resolve()
      }
      cancel = this.#ports.clock.schedule(delayMs, this.#wake)
    })
  }
}

function backoffMs(failures: number): number {
  return Math.min(RETRY_DELAY_MS_MAX, RETRY_DELAY_MS_MIN * 2 ** Math.min(failures, 10))
}
