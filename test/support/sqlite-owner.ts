/** A process that owns a log and appends to it until it is killed, telling the next offset of each acknowledged append. */
import { openSqliteLog } from '../../shared/adapters/sqlite/sqlite-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'

const APPENDS_MAX = 100_000

const [directory = ''] = process.argv.slice(2)
const broker = await openSqliteLog({ clock: systemClock, directory })
await broker.createTopics([{ name: 't', partitions: 1, retention: 'forever' }])
console.log('owner')
for (let i = 0; i < APPENDS_MAX; i++) {
  const records = Array.from({ length: 3 }, (_, n) => ({ key: 'k', value: `${i}.${n}`, headers: [] }))
  const [result] = await broker.append([{ topic: 't', partition: 0, records }])
  if (result?.kind === 'appended') console.log(String(result.baseOffset + 3n))
}
await broker.close()
