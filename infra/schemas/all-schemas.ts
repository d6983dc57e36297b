/** The wire contract as data, generated from the zod schemas that the code checks with: path to content. */

import type { z } from 'zod'
import { inventory } from '../../services/inventory/contract.ts'
import { definitions } from '../../services/orders/definitions.ts'
import { payment } from '../../services/payment/contract.ts'
import { shipping } from '../../services/shipping/contract.ts'
import { asyncApi } from '../../shared/contracts/async-api.ts'
import { contractFiles } from '../../shared/contracts/contract-files.ts'
import { DIALECT, type JsonSchema, jsonSchemaOf } from '../../shared/contracts/json-schema.ts'
import { type AnyCommand, wireContracts } from '../../shared/contracts/wire-contracts.ts'
import { BATCH_TYPE } from '../../shared/message/batch.ts'
import { eventTypeHeader } from '../../shared/message/event-record.ts'
import { SAGA_EVENT_TYPES } from '../../shared/message/event-types.ts'
import { LOCK_EVENT_TYPES } from '../../shared/message/lock-events.ts'
import type { LogEventType } from '../../shared/message/upcast/upcast.ts'
import { CONTROL_VALUES } from './control-schemas.ts'
import { BatchValue, ErrorBody, EVENT_VALUES } from './event-schemas.ts'
import { LOCK_EVENT_VALUES } from './lock-schemas.ts'
import { openApi } from './open-api.ts'

const COMMANDS = [inventory, payment, shipping].flatMap((contract) => Object.values<AnyCommand>(contract))

/** What the services of this repository say on the wire. */
export const CONTRACTS = wireContracts(COMMANDS, definitions.all)

function titled(title: string, schema: z.ZodType): JsonSchema {
  return { $schema: DIALECT, title, ...jsonSchemaOf(schema) }
}

function asyncApiOfAll(): JsonSchema {
  const all = Object.entries({ ...EVENT_VALUES, ...LOCK_EVENT_VALUES }) as [LogEventType, z.ZodType][]
  const events = all.map(([type, schema]) => [eventTypeHeader(type), jsonSchemaOf(schema, 'draft-7')])
  const batch = [BATCH_TYPE, jsonSchemaOf(BatchValue, 'draft-7')] as const
  const log = { events: Object.fromEntries(events), batch, control: CONTROL_VALUES }
  return asyncApi({ title: 'Kasaga', version: '1.0.0', contracts: CONTRACTS, log })
}

/** Every file below schemas/, by its path there. */
export async function allSchemas(): Promise<ReadonlyMap<string, JsonSchema>> {
  const files = contractFiles(CONTRACTS)
  for (const type of SAGA_EVENT_TYPES)
    files.set(`events/${type}.json`, titled(eventTypeHeader(type), EVENT_VALUES[type]))
  for (const type of LOCK_EVENT_TYPES)
    files.set(`events/${type}.json`, titled(eventTypeHeader(type), LOCK_EVENT_VALUES[type]))
  files.set('batch-header.json', titled(BATCH_TYPE, BatchValue))
  files.set('error-body.json', titled('value of a rejected, failed or fatal reply', ErrorBody))
  files.set('asyncapi.json', asyncApiOfAll())
  files.set('openapi.json', await openApi())
  return files
}
