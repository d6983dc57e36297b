/**
 * While limits still hold and nothing fails any more: a process that has calls waiting and none under way sends one within
 * the longest time that its limits may ask for. Nobody else would look, so one that is forgotten waits for ever (L1).
 */
import type { NotedGauges } from '../../support/telemetry-notes.ts'
import type { Landed } from '../world/network.ts'
import { PARTICIPANTS } from '../world/plans.ts'
import type { Process } from '../world/process.ts'
import type { LogListener } from './accepted-log.ts'
import type { Breaches } from './breaches.ts'
import { PARTICIPANT_TOPICS } from './command-checks.ts'

/** A breaker that has opened again and again, for a minute; then a token in 10 s, and time for a gauge to say so. */
const WAIT_MS_MAX = 90_000

export class HeldCalls implements LogListener {
  readonly #now: () => number
  /** By process and participant: when it was seen to go on. */
  readonly #wentOn = new Map<string, number>()

  constructor(now: () => number) {
    this.#now = now
  }

  accepted(): void {}

  other({ topic, by }: Landed): void {
    const participant = PARTICIPANT_TOPICS.get(topic)
    if (participant !== undefined) this.#wentOn.set(`${by.name} ${participant}`, this.#now())
  }

  /** Looks at what processes say of themselves; answers whether calls wait. To be asked again and again. */
  look(processes: readonly Process[], gauges: ReadonlyMap<Process, NotedGauges>, breaches: Breaches): boolean {
    const waiting = processes.map((process) => {
      const says = (name: string, participant: string) => gauges.get(process)?.values.get(`${name} ${participant}`) ?? 0
      return PARTICIPANTS.map((participant) => {
        const held = says('kasaga_steps_held', participant)
        const isStill = held > 0 && says('kasaga_calls_in_flight', participant) === 0
        this.#expectMoving(`${process.name} ${participant}`, isStill ? held : 0, breaches)
        return held > 0
      })
    })
    return waiting.flat().includes(true)
  }

  #expectMoving(place: string, still: number, breaches: Breaches): void {
    const now = this.#now()
    if (still === 0 || !this.#wentOn.has(place)) this.#wentOn.set(place, now)
    const waitedMs = now - (this.#wentOn.get(place) ?? now)
    breaches.expect(
      'L1',
      waitedMs <= WAIT_MS_MAX,
      () => `${place}: ${still} calls wait, and for ${waitedMs} ms none went`,
    )
  }
}
