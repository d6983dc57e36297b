/** Faults are over. A person sees to what does not go on by itself, until all sagas have ended: L1, L7. */
import type { SagaId } from '../../../shared/message/ids.ts'
import { isLive, type SagaState } from '../../../shared/saga/state.ts'
import type { Client } from '../actors/clients.ts'
import { rightAct } from '../actors/persons.ts'
import { LogView } from '../checks/log-view.ts'
import type { World } from '../world/world.ts'

/** The first round is short, since most sagas need nobody; the longest is longer than every retry, timeout and sleep of a generated plan. */
const ROUND_MS_MIN = 3_000
const ROUND_MS_MAX = 120_000
const ROUND_GROWTH = 1.25
/** More than persons need for sagas of this size. */
const ROUNDS_MAX = 170
/** An owner looks at its timers at least so often, whatever it made of a clock that was wrong. */
const HOUR_MS = 3_600_000

export class QuietTime {
  readonly view: LogView
  readonly #world: World

  constructor(world: World) {
    this.#world = world
    this.view = new LogView(world.network.connect())
  }

  /** `acknowledged`: sagas that have been started, or will be. */
  async run(client: Client, acknowledged: ReadonlySet<string>): Promise<void> {
    let roundMs = ROUND_MS_MIN
    await this.#world.settle()
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const isLast = round >= ROUNDS_MAX - 2
      await this.#world.go(isLast ? HOUR_MS : roundMs)
      await this.#world.scheduler.inTime(this.view.readOn())
      const going = [...this.view.states.values()].filter(isGoing)
      const isDone = going.length === 0 && [...acknowledged].every((id) => this.view.states.has(id as SagaId))
      if (isDone || this.#world.breaches.found.length > 0) return
      for (const [i, state] of going.entries()) this.#help(client, state, round * 1_000 + i)
      roundMs = Math.min(ROUND_MS_MAX, roundMs * ROUND_GROWTH)
    }
  }

  #help(client: Client, state: SagaState, round: number): void {
    const act = rightAct(state, this.#world.books, round)
    if (act) void client.ask((to) => to.send(act))
  }

  /** Sagas that nothing moves any more. */
  stuck(): [SagaId, SagaState][] {
    return [...this.view.states].filter(([, state]) => isGoing(state))
  }
}

function isGoing(state: SagaState): boolean {
  return isLive(state) || (state.parked.length > 0 && state.status !== 'failed')
}
