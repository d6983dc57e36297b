/** A filter as it was asked for, as the views are asked. */
import type { SagaCriteria } from '../../shared/adapters/postgres/saga-filter.ts'
import type { SagaFilterBody } from '../../shared/client/saga-filter.ts'

export function criteriaOf(asked: SagaFilterBody): SagaCriteria {
  const { status, definition, version, step, participant, incident, priority, idPrefix, attributes } = asked
  const [startedFrom, startedBefore] = [timeOf(asked.startedFrom), timeOf(asked.startedBefore)]
  const own = { status, definition, version, step, participant, incident, priority, idPrefix, attributes }
  return { ...own, startedFrom, startedBefore }
}

const timeOf = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text))
