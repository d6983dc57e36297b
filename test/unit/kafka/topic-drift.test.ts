import { expect, test } from 'vitest'
import { judgeSettings } from '../../../services/doctor/findings.ts'
import { driftOf, settingsOf } from '../../../shared/adapters/kafka/topic-drift.ts'
import type { TopicSpec } from '../../../shared/ports/broker.ts'

const of = (retention: TopicSpec['retention']): TopicSpec => ({ name: 't', partitions: 1, retention })
const WEEK = of({ days: 7 })
const LOG = of('forever')
const SNAPSHOTS = of('compacted')

test.each([LOG, WEEK, SNAPSHOTS])('a topic of %j that is as it was made is no drift', (spec) => {
  expect(driftOf(spec, 2, [...settingsOf(spec, 2), { name: 'retention.bytes', value: '-1' }])).toEqual([])
})

test.each([
  [WEEK, 'retention.ms', '3600000', 'degraded'],
  [WEEK, 'retention.ms', '-1', 'ok'],
  [WEEK, 'retention.ms', '999999999999', 'ok'],
  [WEEK, 'retention.bytes', '1000', 'degraded'],
  [WEEK, 'cleanup.policy', 'compact', 'degraded'],
  [WEEK, 'min.insync.replicas', '1', 'degraded'],
  [WEEK, 'min.insync.replicas', '3', 'ok'],
  [LOG, 'retention.ms', '604800000', 'down'],
  [LOG, 'retention.bytes', '1000', 'down'],
  [LOG, 'cleanup.policy', 'compact,delete', 'down'],
  [LOG, 'min.insync.replicas', '1', 'degraded'],
  [SNAPSHOTS, 'cleanup.policy', 'delete', 'degraded'],
  [SNAPSHOTS, 'segment.bytes', '1073741824', 'ok'],
])('%j with %s=%s is %s', (spec, name, value, status) => {
  const found = [...settingsOf(spec, 2).filter((one) => one.name !== name), { name, value }]
  const finding = judgeSettings(driftOf(spec, 2, found))
  expect(finding.status).toBe(status)
  if (status !== 'ok') expect(finding).toMatchObject({ says: expect.stringContaining(`t has ${name}=${value}`) })
  if (status !== 'ok') expect(finding.next).toContain(`--entity-name t --add-config ${name}=`)
})

test('what loses the log is told before what is merely wrong', () => {
  const drifts = [
    ...driftOf({ ...WEEK, name: 'week' }, 1, [{ name: 'retention.ms', value: '1' }]),
    ...driftOf({ ...LOG, name: 'log' }, 1, [{ name: 'retention.ms', value: '1' }]),
  ]
  expect(judgeSettings(drifts)).toMatchObject({ status: 'down', next: expect.stringContaining('--entity-name log') })
})
