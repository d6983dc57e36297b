import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { brokerContract } from './broker-suite.ts'

brokerContract('memory', async () => {
  const log = new MemoryLog({ clock: systemClock })
  return { broker: log.connect(), reopen: async () => log.connect(), close: async () => {} }
})
