/** What `kasaga log` asks for, and prints. */
import { expect, test } from 'vitest'
import { type LogRun, logCommand } from '../../services/cli/commands/log.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import { asThere, topicSpecs } from '../../shared/runtime/topic-specs.ts'
import { cliOf } from '../support/cli-runner.ts'

const kasaga = cliOf(() => '')

function run(own: Partial<LogRun> = {}) {
  const asked: unknown[] = []
  const command = logCommand({
    export: async (options) => {
      asked.push(options)
      return { records: 7, bytes: 99 }
    },
    import: async (options) => {
      asked.push(options)
      return { prefix: 'shop', records: 7, undecided: 2 }
    },
    ...own,
  })
  return { asked, said: (...args: string[]) => kasaga(['log', ...args], {}, [command]) }
}

test('an export of one saga names it, and says what was written', async () => {
  const { asked, said } = run()
  const { code, out } = await said('export', 'one.ndjson', '--saga', 'order-1', '--data-dir', 'd')
  expect({ code, out }).toEqual({ code: 0, out: '7 records, 99 bytes: one.ndjson\n' })
  expect(asked).toEqual([
    { file: 'one.ndjson', saga: 'order-1', dataDir: 'd', prefix: 'kasaga', commands: true, json: false },
  ])
  expect((await said('export', 'one.ndjson', '--saga', 'no id', '--data-dir', 'd')).code).toBe(2)
})

test('an import says what was read, under which prefix it goes on, and what is not in the file', async () => {
  const { asked, said } = run()
  const { out } = await said('import', 'log.ndjson', '--data-dir', 'd')
  expect(out).toBe('7 records: d; start it with --prefix shop; 2 inputs that nobody had decided are not in the file\n')
  expect(asked).toEqual([{ file: 'log.ndjson', dataDir: 'd', json: false }])
  const json = await said('import', 'log.ndjson', '--data-dir', 'd', '--json')
  expect(JSON.parse(json.out)).toEqual({ dataDir: 'd', prefix: 'shop', records: 7, undecided: 2 })
  expect((await said('import', 'log.ndjson')).code).toBe(2)
})

test('a folder that has something in it is told, with what to do', async () => {
  const { said } = run({
    import: () => Promise.reject(new OperationalError('data-exists', 'there', { where: 'import', retriable: false })),
  })
  const { code, err } = await said('import', 'log.ndjson', '--data-dir', 'd')
  expect(code).toBe(2)
  expect(err).toContain('Name a folder that is not there yet')
})

test('topics are made with as many partitions as the log has', async () => {
  const broker = new MemoryLog({ clock: systemClock }).connect()
  const specs = (partitions: number) => topicSpecs('kasaga', { partitions, participantPartitions: 1 }, ['payment'])
  const there = specs(3).filter(({ name }) => name === 'kasaga.events')
  await broker.createTopics([...there, { name: 'payment.commands', partitions: 5, retention: 'forever' }])
  const counts = (await asThere(broker, 'kasaga', specs(4))).map(({ name, partitions }) => [name, partitions])
  expect(Object.fromEntries(counts)).toEqual({
    ...{ 'kasaga.commands': 3, 'kasaga.replies': 3, 'kasaga.events': 3, 'kasaga.snapshots': 3 },
    ...{ 'kasaga.dead-letters': 1, 'kasaga.control': 1, 'kasaga.bulk': 1, 'payment.commands': 5 },
  })
  await broker.createTopics(await asThere(broker, 'kasaga', specs(4)))
  await broker.close()
})
