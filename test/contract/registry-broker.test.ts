import { ClaimCheckBroker } from '../../shared/adapters/claim-check/claim-check-broker.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { MemoryPayloadStore } from '../../shared/adapters/memory/memory-payload-store.ts'
import { RegistryBroker } from '../../shared/adapters/registry/registry-broker.ts'
import { RegistryValues } from '../../shared/adapters/registry/registry-values.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { type Broker, RECORD_BYTES_MAX } from '../../shared/ports/broker.ts'
import { noLog, noMetrics } from '../../shared/ports/telemetry.ts'
import { FakeRegistry } from '../support/fake-registry.ts'
import { brokerContract } from './broker-suite.ts'

/** As every broker in a home is: large values, frame and all, are kept aside inside. */
function withClaims(inner: Broker, store: MemoryPayloadStore): Broker {
  const rule = { valueBytesMax: 0, payloadBytesMax: RECORD_BYTES_MAX - 10 }
  return new ClaimCheckBroker(inner, { store, rule, clock: systemClock, log: noLog, metrics: noMetrics })
}

// Every text is framed as it is appended, and opened as it is read.
for (const keepsAside of [false, true])
  brokerContract(`memory behind a schema registry${keepsAside ? ' and a claim check' : ''}`, async () => {
    const log = new MemoryLog({ clock: systemClock })
    const store = new MemoryPayloadStore(systemClock)
    const client = new FakeRegistry()
    const any = { subject: 'any', format: 'json', text: '{}' } as const
    const open = () => {
      const values = new RegistryValues({
        client,
        schemas: { all: [any], of: () => any },
        clock: systemClock,
        log: noLog,
      })
      const inner = keepsAside ? withClaims(log.connect(), store) : log.connect()
      return new RegistryBroker({ inner, values, clock: systemClock, plainTopics: new Set() })
    }
    return { broker: open(), reopen: async () => open(), close: async () => {} }
  })
