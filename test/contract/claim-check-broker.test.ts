import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClaimCheckBroker } from '../../shared/adapters/claim-check/claim-check-broker.ts'
import { FolderPayloadStore } from '../../shared/adapters/folder/folder-payload-store.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { MemoryPayloadStore } from '../../shared/adapters/memory/memory-payload-store.ts'
import { openSqliteLog } from '../../shared/adapters/sqlite/sqlite-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { RECORD_BYTES_MAX } from '../../shared/ports/broker.ts'
import { noLog, noMetrics } from '../../shared/ports/telemetry.ts'
import { brokerContract } from './broker-suite.ts'

/** Just what the suite's largest record has besides its value. */
const AROUND_BYTES = 10

for (const [name, valueBytesMax] of [
  ['for every value', 0],
  ['for large values', 1_000],
] as const)
  brokerContract(`memory behind a claim check ${name}`, async () => {
    const log = new MemoryLog({ clock: systemClock })
    const store = new MemoryPayloadStore(systemClock)
    const rule = { valueBytesMax, payloadBytesMax: RECORD_BYTES_MAX - AROUND_BYTES }
    const connect = () =>
      new ClaimCheckBroker(log.connect(), { store, rule, clock: systemClock, log: noLog, metrics: noMetrics })
    return { broker: connect(), reopen: async () => connect(), close: async () => {} }
  })

brokerContract('sqlite behind a claim check with a folder', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kasaga-claims-'))
  const rule = { valueBytesMax: 3, payloadBytesMax: RECORD_BYTES_MAX - AROUND_BYTES }
  const open = async () => {
    const store = new FolderPayloadStore(join(directory, 'payloads'))
    const inner = await openSqliteLog({ clock: systemClock, directory })
    return new ClaimCheckBroker(inner, { store, rule, clock: systemClock, log: noLog, metrics: noMetrics })
  }
  return { broker: await open(), reopen: open, close: () => rm(directory, { recursive: true }) }
})
