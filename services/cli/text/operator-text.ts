/** What operators ask of all sagas together, for a person to read. */
import type { AuditEntry, DefinitionCount, IncidentAnswer, LagAnswer } from '../../../shared/client/operator-api.ts'
import type { Eyes } from './eyes.ts'
import { plain } from './plain.ts'
import { sinceText } from './spans.ts'
import { tableText } from './tables.ts'

const MESSAGE_CHARS = 100

const shown = (text: string | null, charsMax?: number) => (text === null ? '' : plain(text, charsMax))

/** Incidents, with the saga that has stood still for longest. */
export function incidentsText(incidents: readonly IncidentAnswer[], { color, now }: Eyes): string {
  const rows = incidents.map((one) => [
    one.fingerprint,
    one.state,
    String(one.sagas),
    shown(one.definition),
    shown(one.step),
    shown(one.participant),
    shown(one.code),
    sinceText(one.oldestAt, now),
    shown(one.examples[0] ?? null),
    shown(one.message, MESSAGE_CHARS),
  ])
  const head = ['FINGERPRINT', 'STATE', 'SAGAS', 'DEFINITION', 'STEP', 'PARTICIPANT', 'CODE', 'FOR', 'ONE', 'MESSAGE']
  return tableText(head, rows, color)
}

export function auditText(acts: readonly AuditEntry[], color: boolean): string {
  const rows = acts.map(({ at, actor, type, saga, step, reason, requestId }) =>
    [at, actor, type, saga, step ?? '', requestId ?? '', reason ?? ''].map((text) => plain(text, 200)),
  )
  return tableText(['AT', 'WHO', 'EVENT', 'SAGA', 'STEP', 'REQUEST', 'WHY'], rows, color)
}

export function definitionCountsText(counts: readonly DefinitionCount[], { color, now }: Eyes): string {
  const rows = counts.map((one) => [
    shown(one.name),
    String(one.version),
    ...[one.running, one.compensating, one.stuck, one.paused].map(String),
    sinceText(one.oldestAt, now),
    one.isKnown ? '' : 'this gateway does not have it',
  ])
  return tableText(['NAME', 'VERSION', 'RUNNING', 'COMPENSATING', 'STUCK', 'PAUSED', 'OLDEST', ''], rows, color)
}

const WHERE = {
  commands: 'commands, to be decided',
  replies: 'replies, to be decided',
  views: 'log, to be in the views',
}

export function lagText(
  { stages, at }: LagAnswer,
  { partitions, color }: { readonly partitions: boolean; readonly color: boolean },
): string {
  const now = Date.parse(at)
  const behind = (oldestAt: string | null) => (oldestAt === null ? '' : sinceText(oldestAt, now))
  if (partitions) {
    const rows = stages.map(({ stage, partition, records, oldestAt }) => [
      WHERE[stage],
      String(partition),
      String(records),
      behind(oldestAt),
    ])
    return tableText(['WHAT WAITS', 'PARTITION', 'RECORDS', 'FOR'], rows, color)
  }
  const rows = [...Map.groupBy(stages, ({ stage }) => stage)].map(([stage, own]) => {
    const oldest = own.flatMap(({ oldestAt }) => oldestAt ?? []).toSorted()[0] ?? null
    return [WHERE[stage], String(own.reduce((sum, { records }) => sum + records, 0)), behind(oldest)]
  })
  return tableText(['WHAT WAITS', 'RECORDS', 'FOR'], rows, color)
}
