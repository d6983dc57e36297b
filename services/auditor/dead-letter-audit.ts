/** Counts the dead letters by reason, and holds them against what the log says was dead-lettered (S18). */
import { headerOf, type LogRecord } from '../../shared/message/record.ts'
import { noteOf } from '../../shared/message/redrive.ts'
import type { KasagaTopics } from '../../shared/message/topics.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import type { Findings } from './findings.ts'

export interface DeadLetterCount {
  readonly total: number
  readonly byReason: Readonly<Record<string, number>>
}

interface Tally {
  total: number
  readonly byReason: Record<string, number>
  /** Inputs of the orchestrator, by where they came from: one that is stored twice counts once. */
  readonly inputs: Set<string>
}

export async function auditDeadLetters(
  options: { readonly broker: Broker; readonly topics: KasagaTopics; readonly findings: Findings },
  saidInLog: number,
): Promise<DeadLetterCount> {
  const { broker, topics, findings } = options
  const tally: Tally = { total: 0, byReason: {}, inputs: new Set() }
  const [found] = await broker.describeTopics([topics.deadLetters])
  if (!found) {
    findings.notChecked.push({ id: 'S18', why: `there is no topic ${topics.deadLetters}` })
    return tally
  }
  let whole = true
  for (const { partition, start } of await broker.offsets(topics.deadLetters)) {
    whole &&= start === 0n
    for await (const records of broker.read(topics.deadLetters, partition, start))
      for (const record of records) count(tally, topics, record)
  }
  expectAll(findings, { tally, saidInLog, whole })
  return { total: tally.total, byReason: tally.byReason }
}

function count(tally: Tally, topics: KasagaTopics, record: LogRecord): void {
  if (noteOf(record)) return
  const reason = headerOf(record, 'dlq-reason') ?? 'unknown'
  tally.total++
  tally.byReason[reason] = (tally.byReason[reason] ?? 0) + 1
  const from = headerOf(record, 'dlq-original-topic')
  if (from !== topics.commands && from !== topics.replies) return
  tally.inputs.add(`${from}/${headerOf(record, 'dlq-original-partition')}/${headerOf(record, 'dlq-original-offset')}`)
}

/** A dead letter is stored before the batch that counts it, so there are never fewer. */
function expectAll(findings: Findings, seen: { tally: Tally; saidInLog: number; whole: boolean }): void {
  const { tally, saidInLog, whole } = seen
  if (!whole) {
    findings.notChecked.push({ id: 'S18', why: 'the oldest dead letters are no longer kept' })
    return
  }
  findings.checked.push({ id: 'S18', over: saidInLog, of: 'dead-lettered inputs' })
  if (tally.inputs.size >= saidInLog) return
  const message = `the log counts ${saidInLog} dead-lettered inputs, and ${tally.inputs.size} are kept as dead letters`
  findings.violation({ invariant: 'S18', message })
}
