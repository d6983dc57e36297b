/**
 * Any duplication and reordering that per-key order allows leaves at most one effect per key (S8), also where handlers
 * are aborted at their deadline; and no progress of a command comes after its answer.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { kyselyInbox } from '../../shared/adapters/postgres/kysely-inbox.ts'
import { openSqliteDatabase } from '../../shared/adapters/sqlite/sqlite-database.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import type { Reply } from '../../shared/message/command-record.ts'
import type { Outcome } from '../../shared/message/headers.ts'
import { participantService } from '../../shared/participant/participant-service.ts'
import { batchedLedger, type LedgerTables, ledger, type Mode, prepareLedger, singleLedger } from '../support/ledger.ts'
import { ParticipantRig, type Sent } from '../support/participant-rig.ts'

interface Move {
  readonly saga: string
  readonly step: string
  readonly undo: boolean
  readonly attempt: number
}

/** What a step's mode makes of it, by its address alone. */
type Plan = Readonly<Record<string, Mode>>

const SAGAS = ['a', 'b', 'c']
const STEPS = ['x', 'y']
const ADDRESSES = SAGAS.flatMap((saga) => STEPS.map((step) => `${saga}/${step}`))

const OTHER_MODES = [
  'reject',
  'throw-reject',
  'throw',
  'throw-once',
  'fatal',
  'progress',
  'progress',
  'hang-once',
  'hang-once',
  'hang-once',
  'return-failed',
  'unanswered',
] as const
/** How long a handler that hangs has, counted from when its command is sent. */
const HANG_MS = 60

const plans: fc.Arbitrary<Plan> = fc
  .tuple(...ADDRESSES.map(() => fc.constantFrom<Mode>('ok', 'ok', 'ok', ...OTHER_MODES)))
  .map((modes) => Object.fromEntries(ADDRESSES.map((address, index) => [address, modes[index] ?? 'ok'])))

const moves = fc.array(
  fc.record<Move>({
    saga: fc.constantFrom(...SAGAS),
    step: fc.constantFrom(...STEPS),
    undo: fc.boolean(),
    attempt: fc.constantFrom(1, 1, 2, 3),
  }),
  { minLength: 1, maxLength: 40 },
)

/** One step at the participant, written out a second time and without a database. */
class ExpectedStep {
  state: 'none' | 'done' | 'undone' | 'refused' | 'buried' = 'none'
  readonly #isBatched: boolean

  constructor(isBatched: boolean) {
    this.#isBatched = isBatched
  }

  on(move: Move, mode: Mode): Outcome {
    return move.undo ? this.#undo() : this.#do(mode, move.attempt)
  }

  get effects(): number {
    return { none: 0, done: 1, undone: 2, refused: 0, buried: 0 }[this.state]
  }

  #undo(): Outcome {
    if (this.state === 'none') this.state = 'buried'
    if (this.state === 'done') this.state = 'undone'
    return 'success'
  }

  #do(mode: Mode, attempt: number): Outcome {
    if (this.state === 'buried' || this.state === 'refused') return 'rejected'
    if (this.state !== 'none') return 'success'
    if (mode === 'fatal') return 'fatal'
    const once = mode === 'throw-once' || mode === 'hang-once'
    if (mode === 'return-failed' || (mode === 'unanswered' && this.#isBatched)) return 'failed'
    if (mode === 'unanswered') return 'fatal'
    if (mode === 'throw' || (once && attempt === 1)) return 'failed'
    const isRefused = mode === 'reject' || mode === 'throw-reject'
    this.state = isRefused ? 'refused' : 'done'
    return isRefused ? 'rejected' : 'success'
  }
}

function sent(move: Move, plan: Plan): Sent {
  const { saga, step, attempt } = move
  if (move.undo)
    return { saga, step, attempt, direction: 'compensate', type: 'ledger.unpost.v1', payload: { amount: 1 } }
  const mode = plan[`${saga}/${step}`] ?? 'ok'
  const command: Sent = { saga, step, attempt, type: 'ledger.post.v1', payload: { amount: 1, mode } }
  return mode === 'hang-once' && attempt === 1 ? { ...command, deadlineAt: Date.now() + HANG_MS } : command
}

/** All replies, when so many among them are answers. */
async function repliesWith(rig: ParticipantRig, answers: number): Promise<readonly Reply[]> {
  for (let atLeast = answers; ; atLeast++) {
    const replies = await rig.replies(atLeast)
    if (replies.filter(isAnswer).length >= answers) return replies
  }
}

function isAnswer({ outcome }: Reply): boolean {
  return outcome !== 'progress'
}

/** How often what must not be missing among the runs was seen. */
const seen = { progress: 0, aborted: 0 }

/** Once a step is done its handler is called no more, so that whatever it told came before. */
function checkProgress(replies: readonly Reply[]): void {
  const done = new Set<string>()
  for (const { sagaId, step, direction, outcome, errorCode } of replies) {
    if (outcome === 'progress') seen.progress++
    if (errorCode === 'handler-aborted') seen.aborted++
    const address = `${sagaId}/${step}`
    if (direction === 'forward' && outcome === 'success') done.add(address)
    if (outcome === 'progress') expect(done.has(address)).toBe(false)
  }
}

function expected(all: readonly Move[], plan: Plan, isBatched: boolean) {
  const steps = new Map(ADDRESSES.map((address) => [address, new ExpectedStep(isBatched)]))
  const outcomes = all.map((move) => {
    const address = `${move.saga}/${move.step}`
    return `${address} ${move.undo ? 'compensate' : 'forward'} ${steps.get(address)?.on(move, plan[address] ?? 'ok')}`
  })
  return { outcomes, steps }
}

interface Shape {
  readonly isBatched: boolean
  readonly itemsMax: number
  readonly window: number
  readonly concurrency: number
}

async function check(all: readonly Move[], plan: Plan, shape: Shape): Promise<void> {
  const { isBatched, itemsMax } = shape
  const db = openSqliteDatabase<LedgerTables>({ path: ':memory:' })
  const rig = await ParticipantRig.open('ledger.commands')
  try {
    await prepareLedger(db)
    await rig.send(...all.map((move) => sent(move, plan)))
    const handlers = isBatched ? batchedLedger([], { itemsMax }) : singleLedger()
    const start = (group: string) =>
      rig.start(
        participantService(ledger, handlers, {
          broker: rig.broker,
          inbox: kyselyInbox(db),
          clock: systemClock,
          group,
          concurrency: { max: shape.concurrency },
          limits: { windowRecordsMax: shape.window, queueRecordsMax: 8, progressEveryMs: 0 },
        }),
      )
    await start('first')
    const first = (await repliesWith(rig, all.length)).filter(isAnswer)
    const { outcomes, steps } = expected(all, plan, isBatched)
    const told = first.map((reply) => `${reply.sagaId}/${reply.step} ${reply.direction} ${reply.outcome}`)
    for (const saga of SAGAS) {
      const of = (lines: readonly string[]) => lines.filter((line) => line.startsWith(`${saga}/`))
      expect(of(told)).toEqual(of(outcomes))
    }
    // A group of another name gets every record once more.
    await start('second')
    checkProgress(await repliesWith(rig, 2 * all.length))
    await checkEffects(db, expected([...all, ...all], plan, isBatched).steps)
    expect(steps.size).toBe(ADDRESSES.length)
  } finally {
    await rig.close()
    await db.destroy()
  }
}

async function checkEffects(
  db: ReturnType<typeof openSqliteDatabase<LedgerTables>>,
  steps: ReadonlyMap<string, ExpectedStep>,
): Promise<void> {
  const keys = (await db.selectFrom('entries').select('key').execute()).map((row) => row.key)
  expect(new Set(keys).size).toBe(keys.length)
  for (const [address, step] of steps) {
    expect(keys.filter((key) => key.startsWith(`${address}/`))).toHaveLength(step.effects)
  }
}

test('S8: at most one effect per key, and the replies that the rules ask for', async () => {
  const shapes = fc.record<Shape>({
    isBatched: fc.boolean(),
    itemsMax: fc.integer({ min: 1, max: 10 }),
    window: fc.integer({ min: 1, max: 50 }),
    concurrency: fc.integer({ min: 1, max: 8 }),
  })
  await fc.assert(
    fc.asyncProperty(moves, plans, shapes, (all, plan, shape) => check(all, plan, shape)),
    { numRuns: 150 },
  )
  expect(Math.min(seen.progress, seen.aborted), JSON.stringify(seen)).toBeGreaterThan(0)
}, 60_000)
