/** The audit of a home: its log, its views, and the tables of its participants; those of the shop unless told otherwise. */
import { stat } from 'node:fs/promises'
import { isRecordLine } from '../../shared/adapters/exported-log/export-lines.ts'
import { type ExportOptions, exportLog } from '../../shared/adapters/exported-log/export-log.ts'
import { exportSaga } from '../../shared/adapters/exported-log/export-saga.ts'
import { ExportedLog } from '../../shared/adapters/exported-log/exported-log.ts'
import { writeLines } from '../../shared/adapters/exported-log/log-lines.ts'
import type { SagaId } from '../../shared/message/ids.ts'
import type { Json } from '../../shared/message/json.ts'
import { type KasagaTopics, kasagaTopics } from '../../shared/message/topics.ts'
import type { Log } from '../../shared/ports/telemetry.ts'
import { ENGINE_VERSION } from '../../shared/runtime/engine-version.ts'
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

export interface ExportHomeOptions extends Pick<ExportOptions, 'prefix' | 'commands' | 'onProgress'> {
  readonly file: string
  /** Only what is of this one. */
  readonly saga?: SagaId | undefined
}

/**
 * Writes the log of a home, or one saga's, to a file.
 * @throws OperationalError `file-exists`, `file-unusable`.
 */
export async function exportHome(home: Home, { file, saga, ...options }: ExportHomeOptions) {
  const { broker, clock } = home
  const how = { ...options, broker, engine: ENGINE_VERSION, now: clock.now() }
  let records = 0
  const counted = async function* () {
    for await (const line of saga === undefined ? exportLog(how) : exportSaga(saga, how)) {
      if (isRecordLine(line)) records++
      yield line
    }
  }
  await writeLines(file, counted())
  return { records, bytes: (await stat(file)).size }
}

/**
 * Audits an exported log: what the log, the dead letters and the commands in it show.
 * @throws OperationalError `export-unreadable` when the file is not whole, or none.
 */
export async function verifyExport(
  file: string,
  options: Omit<VerifyOptions, 'topics'>,
  log: Log,
): Promise<AuditReport> {
  const { atRest, ...rest } = options
  const broker = await ExportedLog.open(file)
  try {
    // At rest when it was exported: that is the time that timers are held against.
    const at = atRest ? { atRest: { now: Date.parse(broker.head.at) } } : {}
    return await audit({ definitions, ...rest, ...at, broker, log, topics: kasagaTopics(broker.head.prefix) })
  } finally {
    await broker.close()
  }
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
