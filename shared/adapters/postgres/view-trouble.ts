/** Trouble of a view store, classified once. */
import { InvariantError, messageOf, OperationalError } from '../../message/errors.ts'

/** Classes of SQLSTATE that say that the statement or its data is wrong: the same again meets the same answer. */
const REFUSALS = new Set(['21', '22', '23', '42', '44'])

/** Answers with the work's result, or throws what it threw as an `OperationalError`. */
export async function classified<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof OperationalError || error instanceof InvariantError) throw error
    const state = (error as { code?: unknown } | null)?.code
    const refused = typeof state === 'string' && state.length === 5 && REFUSALS.has(state.slice(0, 2))
    throw new OperationalError(refused ? 'view-refused' : 'view-store-trouble', messageOf(error), {
      where: 'view-store',
      retriable: !refused,
      cause: error,
    })
  }
}
