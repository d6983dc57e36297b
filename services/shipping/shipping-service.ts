import type { Transaction } from 'kysely'
import {
  type ParticipantOptions,
  type ParticipantService,
  participantService,
} from '../../shared/participant/participant-service.ts'
import { shipping } from './contract.ts'
import { shippingHandlers } from './handlers.ts'
import type { ShippingTables } from './tables.ts'

/** Shipping as a participant, over a database with its tables and an inbox. */
export function shippingService(options: ParticipantOptions<Transaction<ShippingTables>>): ParticipantService {
  return participantService(shipping, shippingHandlers, options)
}
