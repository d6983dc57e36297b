/** A store of views that keeps checkpoints alone, and takes its time: what a busy Postgres is to the projector. */
import type { ViewCheckpoint, ViewWriter } from '../../../shared/ports/view-store.ts'

export interface SlowViews {
  readonly writer: ViewWriter
  msPerChunk: number
}

export function slowViews(msPerChunk: number): SlowViews {
  const at = new Map<string, ViewCheckpoint>()
  const keyOf = ({ projection, partition }: Pick<ViewCheckpoint, 'projection' | 'partition'>) =>
    `${partition} ${projection}`
  const writer: ViewWriter = {
    prepare: async () => {},
    follow: async (topic) => topic,
    reset: async () => {},
    async checkpoints(projections, partitions) {
      const start = { nextOffset: 0n, nextNumber: 1, commands: 0n, replies: 0n, at: 0 }
      return partitions.flatMap((partition) =>
        projections.map(({ name: projection, version }) => {
          const place = { projection, partition }
          return at.get(keyOf(place)) ?? { ...start, ...place, version }
        }),
      )
    },
    async apply({ moves }) {
      await new Promise((resolve) => setTimeout(resolve, views.msPerChunk))
      for (const { to } of moves) at.set(keyOf(to), to)
      return 'applied'
    },
  }
  const views = { writer, msPerChunk }
  return views
}
