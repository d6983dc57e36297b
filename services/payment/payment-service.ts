import type { Transaction } from 'kysely'
import {
  type ParticipantOptions,
  type ParticipantService,
  participantService,
} from '../../shared/participant/participant-service.ts'
import { payment } from './contract.ts'
import { paymentHandlers } from './handlers.ts'
import type { PaymentTables } from './tables.ts'

/** The payment service as a participant, over a database with its tables and an inbox. */
export function paymentService(options: ParticipantOptions<Transaction<PaymentTables>>): ParticipantService {
  return participantService(payment, paymentHandlers, options)
}
