/** How many sagas of each version live, as the API answers it. */
import type { LiveCount } from '../../shared/adapters/postgres/operator-queries.ts'
import type { DefinitionCount } from '../../shared/client/operator-api.ts'
import type { Definitions } from '../../shared/saga/definition.ts'

const STATUSES = ['running', 'compensating', 'stuck', 'paused'] as const

/** Those that this gateway has, and those that live. */
export function definitionCounts(rows: readonly LiveCount[], definitions: Definitions): DefinitionCount[] {
  const counts = new Map<string, DefinitionCount>()
  const of = (name: string, version: number): DefinitionCount => {
    const known = counts.get(`${name}@${version}`)
    if (known) return known
    const isKnown = definitions.find(name, version) !== undefined
    const none = { running: 0, compensating: 0, stuck: 0, paused: 0, oldestAt: null }
    const made: DefinitionCount = { name, version, isKnown, ...none }
    counts.set(`${name}@${version}`, made)
    return made
  }
  for (const { name, version } of definitions.all) of(name, version)
  for (const { definition, version, status, sagas, oldest_at } of rows) {
    const count = of(definition, version)
    const known = STATUSES.find((one) => one === status)
    if (known) count[known] += sagas
    const oldestAt = new Date(oldest_at).toISOString()
    if (count.oldestAt === null || oldestAt < count.oldestAt) count.oldestAt = oldestAt
  }
  return [...counts.values()].toSorted((a, b) => a.name.localeCompare(b.name) || a.version - b.version)
}
