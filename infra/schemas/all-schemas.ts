/** The wire contract as JSON Schemas, generated from the zod schemas that the code checks with: path to content. */
import { z } from 'zod'
import { inventory } from '../../services/inventory/contract.ts'
import { definitions } from '../../services/orders/definitions.ts'
import { payment } from '../../services/payment/contract.ts'
import { shipping } from '../../services/shipping/contract.ts'
import { BATCH_TYPE } from '../../shared/message/batch.ts'
import { eventTypeHeader } from '../../shared/message/event-record.ts'
import { SAGA_EVENT_TYPES } from '../../shared/message/events.ts'
import type { Command } from '../../shared/saga/contract.ts'
import { BatchValue, ErrorBody, EVENT_VALUES } from './event-schemas.ts'

const CONTRACTS = [inventory, payment, shipping]
const DIALECT = 'https://json-schema.org/draft/2020-12/schema'

export type Schema = Readonly<Record<string, unknown>>

/** As a sender may write it: what more it says is ignored, so contracts can grow. */
function jsonSchema(schema: z.ZodType): Schema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return rest
}

function titled(title: string, schema: z.ZodType): Schema {
  return { $schema: DIALECT, title, ...jsonSchema(schema) }
}

function ofCommand(command: Command<unknown, unknown>): Schema {
  const { type, input, output, rejects = [] } = command
  const $defs = { input: jsonSchema(input), output: output ? jsonSchema(output) : { type: 'null' } }
  return { $schema: DIALECT, title: type, 'x-rejects': rejects, $defs }
}

/** Every file below schemas/, by its path there. */
export function allSchemas(): ReadonlyMap<string, Schema> {
  const files = new Map<string, Schema>()
  for (const contract of CONTRACTS)
    for (const command of Object.values<Command<unknown, unknown>>(contract))
      files.set(`contracts/${command.participant}.${command.name}.json`, ofCommand(command))
  for (const { name, version, input } of definitions.all)
    files.set(`sagas/${name}.input.json`, titled(`input of ${name}, version ${version}`, input))
  for (const type of SAGA_EVENT_TYPES)
    files.set(`events/${type}.json`, titled(eventTypeHeader(type), EVENT_VALUES[type]))
  files.set('batch-header.json', titled(BATCH_TYPE, BatchValue))
  files.set('error-body.json', titled('value of a rejected, failed or fatal reply', ErrorBody))
  return files
}
