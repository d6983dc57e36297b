/** What docs/tools.md shows on a terminal is what the commands print. */
import { expect, test } from 'vitest'
import { diffCommand } from '../../services/cli/commands/diff.ts'
import { type HistoryRun, replayCommand } from '../../services/cli/commands/replay.ts'
import { detailAt, historyInHome } from '../../services/replay/home.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { cliOf } from '../support/cli-runner.ts'
import { fences, pageText } from '../support/docs/markdown.ts'
import { batchOf, order } from '../support/fabricate-log.ts'

const TOPIC = 'kasaga.events'

/** An order that was compensated, a second between its events, each in a batch of its own. */
async function incident() {
  const broker = new MemoryLog({ clock: systemClock }).connect()
  await broker.createTopics([{ name: TOPIC, partitions: 1, retention: 'forever' }])
  const chains = new Map<string, string>()
  for (const [i, event] of order('order-1', 'compensated').entries()) {
    const at = Date.parse('2026-01-31T10:00:00Z') + i * 1_000
    const records = batchOf([{ ...event, at }], { number: i + 1 }, chains)
    await broker.append([{ topic: TOPIC, partition: 0, records }])
  }
  return broker
}

const transcripts = fences(pageText('docs/tools.md')).flatMap(({ info, text }) => {
  const [command = '', ...shown] = text.trimEnd().split('\n')
  return info === 'console' ? [{ command: command.replace('$ kasaga ', ''), shown: shown.join('\n') }] : []
})

test('there are some', () => expect(transcripts.length).toBeGreaterThan(1))

test.each(transcripts)('kasaga $command', async ({ command, shown }) => {
  const broker = await incident()
  const run: HistoryRun = { detail: detailAt, history: (id, { prefix }) => historyInHome(id, { broker }, { prefix }) }
  const kasaga = cliOf(() => '')
  const { out } = await kasaga(command.split(' '), {}, [replayCommand(run), diffCommand(run)])
  expect(out.trimEnd()).toBe(shown)
  await broker.close()
})
