/**
 * The owner's loop, participants and clients on one log in memory, in virtual time, under a seed: appends that are not
 * answered, land late, land twice or never, and orchestrators that are killed and taken over. When the faults stop,
 * every saga has ended and the auditor finds nothing.
 */
import { expect, test } from 'vitest'
import { audit } from '../../services/auditor/audit.ts'
import type { ParticipantAudit } from '../../services/auditor/participant-ledger.ts'
import { MemoryInbox } from '../../shared/adapters/memory/memory-inbox.ts'
import { rejected } from '../../shared/participant/answer.ts'
import { participantService } from '../../shared/participant/participant-service.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { bank, carrier, fulfil, stock } from '../support/fulfil.ts'
import { FaultySystem, TOPICS } from './faulty/faulty-system.ts'
import { RUNS_MS_MAX } from './seeded-runs.ts'

const DEFINITIONS = new Definitions([fulfil])
const SEEDS = Number(process.env.KASAGA_FAULT_SEEDS ?? 60)
const FIRST_SEED = Number(process.env.KASAGA_FAULT_SEED ?? 1)
const SAGAS = 25
const FAULTY_MS = 10_000
/** Quiet: every retry, timeout and back-off of what is still out has had its time. */
const QUIET_MS = 1_800_000

/** What a participant's handlers have done, order by order: kept apart from the inbox that is to keep it to once. */
class Ledger {
  readonly rows = new Map<string, { applied: number; undone: number }>()

  apply(orderId: string): void {
    this.#row(orderId).applied++
  }

  undo(orderId: string): void {
    this.#row(orderId).undone++
  }

  audit(name: string, step: string): ParticipantAudit {
    const rows = [...this.rows].map(([orderId, row]) => ({ orderId, ...row }))
    return {
      name,
      step,
      async *rows() {
        yield rows
      },
    }
  }

  #row(orderId: string): { applied: number; undone: number } {
    const row = this.rows.get(orderId) ?? { applied: 0, undone: 0 }
    this.rows.set(orderId, row)
    return row
  }
}

class World extends FaultySystem {
  readonly reserved = new Ledger()
  readonly charged = new Ledger()
  readonly shipped = new Ledger()

  constructor(seed: number) {
    super(seed, DEFINITIONS)
  }

  async participants(): Promise<void> {
    const options = () => ({ broker: this.broker(), clock: this.clock, inbox: new MemoryInbox(), log: noLog })
    const trip = () => {
      if (this.chance < this.faultShare / 3) throw new Error('planted failure of a handler')
    }
    const services = [
      participantService(
        stock,
        {
          reserve: async ({ orderId }) => {
            trip()
            this.reserved.apply(orderId)
            return { parcel: orderId }
          },
          release: async ({ orderId }) => {
            trip()
            this.reserved.undo(orderId)
            return null
          },
        },
        options(),
      ),
      participantService(
        bank,
        {
          charge: async ({ orderId, cents }) => {
            trip()
            if (cents % 5 === 0) return rejected('card-declined', 'declined')
            this.charged.apply(orderId)
            return { chargeId: orderId }
          },
          refund: async ({ orderId }) => {
            trip()
            this.charged.undo(orderId)
            return null
          },
        },
        options(),
      ),
      participantService(
        carrier,
        {
          ship: async ({ parcel }) => {
            trip()
            this.shipped.apply(parcel)
            return { tracking: parcel }
          },
          notify: async () => null,
        },
        options(),
      ),
    ]
    for (const service of services) await service.start()
  }
}

/** Starts sagas, cancels some, and kills orchestrators while the faults last. */
async function faultyTime(world: World): Promise<void> {
  const { clock } = world
  const client = world.client()
  const kills = [await world.orchestrator(), await world.orchestrator()]
  const said: Promise<unknown>[] = []
  for (let i = 0; i < SAGAS; i++) {
    const id = `saga-${i}`
    // A refused start is the client's to say again, as a service would.
    const start = (): Promise<unknown> => client.start(fulfil, id, { id, cents: 1 + i }).catch(start)
    said.push(start())
    if (world.chance < 0.2) said.push(start())
    await clock.advance(Math.floor((world.chance * FAULTY_MS) / SAGAS))
    if (world.chance < 0.2) said.push(client.cancel(id, { actor: 'test', reason: 'planted' }).catch(() => {}))
    if (world.chance < 0.25) {
      kills.shift()?.()
      kills.push(await world.orchestrator())
    }
  }
  await clock.advance(FAULTY_MS)
  world.faultShare = 0
  await clock.advance(QUIET_MS)
  await world.inTime(Promise.all(said))
}

async function run(seed: number) {
  const world = new World(seed)
  const broker = world.log.connect()
  await world.open(2)
  await world.participants()
  await faultyTime(world)
  const auditing = audit({
    broker,
    topics: TOPICS,
    definitions: DEFINITIONS,
    participants: [
      world.reserved.audit('stock', 'stock'),
      world.charged.audit('bank', 'charge'),
      world.shipped.audit('carrier', 'ship'),
    ],
    commands: true,
    atRest: { now: world.clock.now() },
    log: noLog,
  })
  const report = await world.inTime(auditing)
  await world.expectSameMemory()
  return { world, report }
}

test(`${SEEDS} seeds of faults: what was started ends, and the auditor finds nothing`, {
  timeout: RUNS_MS_MAX,
}, async () => {
  const seen: Record<string, number> = { voidBatches: 0, completed: 0, compensated: 0 }
  const add = (name: string, by: number) => {
    seen[name] = (seen[name] ?? 0) + by
  }
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const { world, report } = await run(seed)
    const { total, running, completed, compensated } = report.sagas
    expect({ seed, violations: report.violations, total, running }).toEqual({
      seed,
      violations: [],
      total: SAGAS,
      running: 0,
    })
    for (const [fault, count] of Object.entries(world.faults)) add(fault, count)
    add('voidBatches', report.voidBatches)
    add('completed', completed)
    add('compensated', compensated)
  }
  // A run in which a fault did not come has shown nothing of it.
  for (const name of [
    'unanswered',
    'lost',
    'late',
    'twice',
    'refused',
    'voidBatches',
    'taken over',
    'kasaga_snapshots_total changes',
    'restored',
    'completed',
    'compensated',
  ])
    expect(seen[name], name).toBeGreaterThan(0)
  console.info(JSON.stringify(seen))
})
