/** Processes of one kind: a seed's faults befall them, and where one ends another is started. */
import type { ProcessKind } from './fault-draw.ts'
import type { Process } from './process.ts'
import type { World } from './world.ts'

export interface Running {
  readonly process: Process
  stop(): Promise<void>
}

/** Starts what runs in a process; answers how it is stopped in order. */
export type Boot = (process: Process) => Promise<() => Promise<void>>

const STOP_MS_MAX = 60_000

export class Crew {
  readonly #world: World
  readonly #kind: ProcessKind
  readonly #boot: Boot
  readonly #members = new Map<Process, (() => Promise<void>) | undefined>()
  #isOver = false

  constructor(world: World, kind: ProcessKind, boot: Boot) {
    this.#world = world
    this.#kind = kind
    this.#boot = boot
  }

  get processes(): Process[] {
    return [...this.#members.keys()]
  }

  start(): void {
    if (this.#isOver) return
    const process = this.#world.process(this.#kind, () => {
      this.#members.delete(process)
      this.#world.scheduler.schedule(this.#world.draw.restartMs(), () => this.start())
    })
    this.#members.set(process, undefined)
    this.#boot(process).then(
      (stop) => {
        if (this.#members.has(process)) this.#members.set(process, stop)
      },
      // What cannot start ends, and is started again.
      () => process.kill(),
    )
  }

  /** Stops one in order, as a deployment does; another comes after it. */
  async restart(process: Process): Promise<void> {
    const stop = this.#members.get(process)
    if (stop) await Promise.race([stop(), this.#world.wait(STOP_MS_MAX)])
    process.kill()
  }

  /** Ends all; none comes after them. */
  async end({ inOrder }: { readonly inOrder: boolean }): Promise<void> {
    this.#isOver = true
    if (inOrder) await Promise.all([...this.#members.keys()].map((process) => this.restart(process)))
    for (const process of [...this.#members.keys()]) process.kill()
  }
}
