/** What waits between the parts of an installation: the ends of the topics against how far the views say that each part is. */
import type { LagAnswer } from '../../shared/client/operator-api.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import type { ViewCheckpoint } from '../../shared/ports/view-store.ts'
import type { Parts } from './app.ts'

type Stage = LagAnswer['stages'][number]

/**
 * Commands and replies count as waiting until the batch that consumed them is in the views; the log, until it is in the views of
 * sagas.
 */
export async function lagOf({ broker, topics, reads, clock }: Pick<Parts, 'broker' | 'topics' | 'reads' | 'clock'>) {
  const checkpoints = (await reads.checkpoints()).filter(({ projection }) => projection === 'sagas')
  const newest = new Map(checkpoints.map((one) => [one.partition, one]))
  const stages = await Promise.all([
    waiting('commands', topics.commands, ({ commands }) => commands),
    waiting('replies', topics.replies, ({ replies }) => replies),
    waiting('views', topics.events, ({ nextOffset }) => nextOffset),
  ])
  return { stages: stages.flat(), at: new Date(clock.now()).toISOString() }

  async function waiting(stage: Stage['stage'], topic: string, at: (from: ViewCheckpoint) => bigint): Promise<Stage[]> {
    const ends = await broker.offsets(topic)
    return Promise.all(
      ends.map(async ({ partition, start, end }) => {
        const checkpoint = newest.get(partition)
        const reached = checkpoint ? at(checkpoint) : 0n
        const from = reached < start ? start : reached
        const records = from < end ? Number(end - from) : 0
        return { stage, partition, records, oldestAt: records > 0 ? await timeAt(topic, partition, from) : null }
      }),
    )
  }

  async function timeAt(topic: string, partition: number, offset: bigint): Promise<string | null> {
    try {
      for await (const [first] of broker.read(topic, partition, offset))
        if (first) return new Date(first.timestamp).toISOString()
    } catch (error) {
      // It has been deleted since: what is left of the answer is true all the same.
      if (!(error instanceof OperationalError) || error.code !== 'offset-out-of-range') throw error
    }
    return null
  }
}
