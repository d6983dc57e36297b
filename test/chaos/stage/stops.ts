/** How everything that was started is stopped: the last first, and each whatever becomes of the others. */
import { messageOf } from '../../../shared/message/errors.ts'

type Stop = () => Promise<void>

export class Stops {
  readonly #stops: Stop[] = []
  readonly #say: (text: string) => void
  #stopping: Promise<void> | undefined

  constructor(say: (text: string) => void) {
    this.#say = say
  }

  /** What is added when the rest has been stopped already is stopped at once. */
  add(stop: Stop): void {
    if (this.#stopping) void this.#stop(stop)
    else this.#stops.push(stop)
  }

  /** Called again, it waits for the same. */
  all(): Promise<void> {
    this.#stopping ??= this.#all()
    return this.#stopping
  }

  async #all(): Promise<void> {
    for (let stop = this.#stops.pop(); stop; stop = this.#stops.pop()) await this.#stop(stop)
  }

  #stop(stop: Stop): Promise<void> {
    return stop().catch((error: unknown) => this.#say(`could not be stopped: ${messageOf(error)}`))
  }
}
