import type { Transaction } from 'kysely'
import {
  type ParticipantOptions,
  type ParticipantService,
  participantService,
} from '../../shared/participant/participant-service.ts'
import { inventory } from './contract.ts'
import { inventoryHandlers } from './handlers.ts'
import type { InventoryTables } from './tables.ts'

/** The inventory as a participant, over a database with its tables and an inbox. */
export function inventoryService(options: ParticipantOptions<Transaction<InventoryTables>>): ParticipantService {
  return participantService(inventory, inventoryHandlers, options)
}
