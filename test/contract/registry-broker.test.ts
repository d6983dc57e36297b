import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { RegistryBroker } from '../../shared/adapters/registry/registry-broker.ts'
import { RegistryValues } from '../../shared/adapters/registry/registry-values.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { FakeRegistry } from '../support/fake-registry.ts'
import { brokerContract } from './broker-suite.ts'

// Every text is framed as it is appended, and opened as it is read.
brokerContract('memory, behind a schema registry', async () => {
  const log = new MemoryLog({ clock: systemClock })
  const client = new FakeRegistry()
  const any = { subject: 'any', format: 'json', text: '{}' } as const
  const open = () => {
    const values = new RegistryValues({
      client,
      schemas: { all: [any], of: () => any },
      clock: systemClock,
      log: noLog,
    })
    return new RegistryBroker({ inner: log.connect(), values, clock: systemClock, plainTopics: new Set() })
  }
  return { broker: open(), reopen: async () => open(), close: async () => {} }
})
