/** A view store in memory that outlives its projectors, and lies to them: transactions that fail, or stand unanswered. */
import { OperationalError } from '../../../shared/message/errors.ts'
import type { ViewCheckpoint, ViewChunk, ViewWriter } from '../../../shared/ports/view-store.ts'
import type { Projection } from '../../../shared/view/projection.ts'
import { applyChanges, type ViewRows } from '../../../shared/view/view-rows.ts'
import type { Process } from '../world/process.ts'
import type { World } from '../world/world.ts'

export class ViewStore {
  readonly rows: ViewRows = new Map()
  readonly #checkpoints = new Map<string, ViewCheckpoint>()
  readonly #world: World
  #topic: string | undefined

  constructor(world: World) {
    this.#world = world
  }

  checkpoint(projection: string, partition: number): ViewCheckpoint | undefined {
    return this.#checkpoints.get(`${partition}/${projection}`)
  }

  /** The store as one process has it. */
  writerFor(process: Process): ViewWriter {
    const wait = () => this.#statement(process)
    return {
      prepare: wait,
      follow: async (topic) => {
        await wait()
        this.#topic ??= topic
        return this.#topic
      },
      checkpoints: async (projections, partitions) => {
        await wait()
        return projections.flatMap((projection) => partitions.map((partition) => this.#standing(projection, partition)))
      },
      apply: async (chunk) => {
        await wait()
        const result = this.#commit(process, chunk)
        await wait()
        return result
      },
      reset: async (projection) => {
        await wait()
        for (const table of Object.values(projection.tables)) this.rows.delete(table.name)
        for (const [key, { projection: name }] of this.#checkpoints)
          if (name === projection.name) this.#checkpoints.delete(key)
      },
    }
  }

  #standing({ name, version }: Projection, partition: number): ViewCheckpoint {
    const start = { nextOffset: 0n, nextNumber: 1, commands: 0n, replies: 0n, at: 0 }
    return this.checkpoint(name, partition) ?? { projection: name, version, partition, ...start }
  }

  #commit(process: Process, { moves, tables }: ViewChunk): 'applied' | 'moved' {
    const { situations, options, isFaulty } = this.#world
    if (isFaulty && this.#world.store.perMille(options.rates.storeRefused)) {
      situations.came('beforeCommit')
      throw trouble('refused')
    }
    const isMoved = moves.some(({ from }) => {
      const at = this.checkpoint(from.projection, from.partition)
      return (at?.nextOffset ?? 0n) !== from.nextOffset
    })
    if (isMoved) {
      situations.came('twoProjectors')
      return 'moved'
    }
    for (const { to } of moves) this.#checkpoints.set(`${to.partition}/${to.projection}`, to)
    applyChanges(this.rows, { tables: () => [...tables] })
    if (isFaulty && this.#world.store.perMille(options.rates.storeUnanswered)) {
      situations.came('afterCommit')
      if (this.#world.store.perMille(500)) process.kill()
      throw trouble('kept, and not answered')
    }
    return 'applied'
  }

  #statement({ clock }: Process): Promise<void> {
    const { store, options } = this.#world
    return new Promise((resolve) => {
      clock.after(store.below(options.statementMs), 'store', resolve)
    })
  }
}

function trouble(why: string): OperationalError {
  return new OperationalError('planted-trouble', why, { where: 'simulation', retriable: true })
}
