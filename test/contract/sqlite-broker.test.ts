import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteLog } from '../../shared/adapters/sqlite/sqlite-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { brokerContract } from './broker-suite.ts'

brokerContract('sqlite', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kasaga-log-'))
  const open = () => openSqliteLog({ clock: systemClock, directory })
  return { broker: await open(), reopen: open, close: () => rm(directory, { recursive: true }) }
})
