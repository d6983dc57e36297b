/** The audit of a home: its log, its views, and the tables of its participants; those of the shop unless told otherwise. */
import type { Json } from '../../shared/message/json.ts'
import type { KasagaTopics } from '../../shared/message/topics.ts'
import { type AuditOptions, audit } from '../auditor/audit.ts'
import { type ParticipantAudit, rowsOfPages } from '../auditor/participant-ledger.ts'
import type { AuditReport } from '../auditor/report.ts'
import type { Home } from '../home.ts'
import { auditInventory, auditStock } from '../inventory/audit-query.ts'
import type { InventoryTables } from '../inventory/tables.ts'
import { definitions } from '../orders/definitions.ts'
import { auditPayment } from '../payment/audit-query.ts'
import type { PaymentTables } from '../payment/tables.ts'
import { auditShipping } from '../shipping/audit-query.ts'
import type { ShippingTables } from '../shipping/tables.ts'

export interface VerifyOptions extends Pick<AuditOptions, 'onProgress' | 'definitions' | 'participants'> {
  readonly topics: KasagaTopics
  /** Nothing is under way: what is left half-way is a violation. */
  readonly atRest: boolean
  /** Also hold every command that was sent against the log. */
  readonly commands: boolean
}

const DEFINITION = 'fulfil-order'

/** Audits everything that the home has. It changes nothing. */
export async function verifyHome(home: Home, options: VerifyOptions): Promise<AuditReport> {
  const { store: views } = await home.views()
  const { atRest, topics, commands, onProgress } = options
  return audit({
    broker: home.broker,
    log: home.log,
    topics,
    views,
    definitions: options.definitions ?? definitions,
    commands,
    participants: options.participants ?? participantAudits(home),
    ...(atRest ? { atRest: { now: home.clock.now() } } : {}),
    ...(onProgress ? { onProgress } : {}),
  })
}

function participantAudits(home: Home): ParticipantAudit[] {
  const inventory = home.participantDatabase<InventoryTables>('inventory')
  const payment = home.participantDatabase<PaymentTables>('payment')
  const shipping = home.participantDatabase<ShippingTables>('shipping')
  return [
    {
      name: 'inventory',
      step: 'stock',
      definition: DEFINITION,
      orderId: orderOf,
      units: itemsOf,
      rows: () => rowsOfPages((page) => auditInventory(inventory, page)),
      mismatches: async () =>
        (await auditStock(inventory)).map(
          ({ orderId, sku, moved, reserved }) => `stock of ${sku} for ${orderId}: ${moved} moved, ${reserved} reserved`,
        ),
    },
    {
      name: 'payment',
      step: 'charge',
      definition: DEFINITION,
      orderId: orderOf,
      units: (payload) => (payload as { cents: number }).cents,
      rows: () => rowsOfPages((page) => auditPayment(payment, page)),
    },
    {
      name: 'shipping',
      step: 'ship',
      definition: DEFINITION,
      orderId: orderOf,
      rows: () => rowsOfPages((page) => auditShipping(shipping, page)),
    },
  ]
}

/** Each of the three is asked for an order by its id, which need not be the saga's. */
function orderOf(payload: Json): string {
  return (payload as { orderId: string }).orderId
}

/** Items that a reservation asks for. */
function itemsOf(payload: Json): number {
  const { lines } = payload as { lines: readonly { quantity: number }[] }
  return lines.reduce((sum, { quantity }) => sum + quantity, 0)
}
