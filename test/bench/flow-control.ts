/**
 * `npm run bench:flow`: what limits hold, and what they cost whoever is not limited, on a real Kafka with two orchestrators
 * as processes of their own. `--pairs 3 --rate 300 --seconds 12`; takes about three minutes.
 *
 * Each round has three windows in changing order: sagas that ask an unlimited participant *alone*, beside a third more
 * sagas than a limit on another participant would let go (*free*), and beside as many when it is limited (*held*). So a
 * machine that is busy with other things is busy in all of them, and what limiting costs is *held* against *free*.
 * After them one orchestrator is killed at a limit of calls at a time, and a participant is down for a while.
 */
import { loadavg } from 'node:os'
import { FlowLoad, type Load } from '../support/flow-load/flow-load.ts'
import { mostUnderWay, sentTo, steadyRate, tookMs } from '../support/flow-load/measures.ts'
import { median, quantile } from '../support/quantile.ts'
import { asked, number, whole } from './arguments.ts'
import { benchKafka } from './homes/servers.ts'
import { machineWatch } from './measure/machine.ts'

const { pairs, rate, seconds, notes } = asked({
  pairs: whole(3),
  rate: number(300),
  seconds: number(12),
  notes: number(40),
})
const ENDED_MS_MAX = 120_000
/** More is offered than may go. */
const OFFERED = 4 / 3
const CONCURRENCY = 40
const HANDLING_MS = 100
const DOWN_MS = 8_000
/** Orchestrators say it each second. */
const COST_SAID_MS = 1_100

type Kind = 'alone' | 'free' | 'held'
interface Seen {
  readonly kind: Kind
  readonly p50: number
  readonly p99: number
  readonly perSecond: number
  readonly busyCpu: number
  /** Of the sagas beside, milliseconds. */
  readonly took: readonly number[]
}

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const round = (value: number) => Math.round(value * 10) / 10

async function windowOf(load: FlowLoad, kind: Kind): Promise<Seen> {
  await load.limit(kind === 'held' ? { ratePerSecond: rate } : null)
  const machine = machineWatch()
  const before = { cpuMs: load.cpuMs, records: await load.logRecords() }
  const pays = kind === 'alone' ? 0 : rate * OFFERED
  const window = await load.untilEnded(
    await load.offer({ pays, notes, forMs: seconds * 1_000 } satisfies Load),
    ENDED_MS_MAX,
  )
  const took = tookMs(window.notes, window.history)
  const sent = sentTo('till', window.history)
  const steady = sent.length > 0 ? steadyRate(sent) : undefined
  const busyCpu = round(machine().share * 100)
  await pause(COST_SAID_MS)
  const sagas = window.pays.size + window.notes.size
  const cpuMsPerSaga = round((load.cpuMs - before.cpuMs) / sagas)
  const batchesPerSaga = round(((await load.logRecords()) - before.records - window.history.length) / sagas)
  const seen = { kind, p50: quantile(took, 0.5), p99: quantile(took, 0.99), perSecond: steady?.perSecond ?? 0, busyCpu }
  const held = window.history.filter(({ event }) => event.type === 'step-held').length
  say({
    ...seen,
    perSecond: round(seen.perSecond),
    cpuMsPerSaga,
    batchesPerSaga,
    steady,
    held,
    load: round(loadavg()[0] ?? 0),
  })
  return { ...seen, took }
}

async function rounds(load: FlowLoad): Promise<void> {
  const seen: Seen[] = []
  const kinds: readonly Kind[] = ['alone', 'free', 'held']
  for (let i = 0; i < pairs; i++)
    for (const kind of i % 2 === 0 ? kinds : kinds.toReversed()) seen.push(await windowOf(load, kind))
  const of = (kind: Kind, what: 'p50' | 'p99' | 'perSecond') =>
    median(seen.filter((one) => one.kind === kind).map((one) => one[what]))
  for (const kind of kinds) {
    const all = seen.flatMap((one) => (one.kind === kind ? one.took : [])).sort((a, b) => a - b)
    const together = { sagas: all.length, p50: quantile(all, 0.5), p99: quantile(all, 0.99) }
    say({ kind, mediansOfWindows: { p50: of(kind, 'p50'), p99: of(kind, 'p99') }, together })
  }
  const held = seen.filter(({ kind }) => kind === 'held')
  const off = Math.max(...held.map(({ perSecond }) => Math.abs(perSecond / rate - 1)))
  say({ limit: rate, perSecond: round(of('held', 'perSecond')), mostOffPercent: round(off * 1_000) / 10 })
}

async function killed(load: FlowLoad): Promise<void> {
  load.flow.till.handlingMs = HANDLING_MS
  load.flow.till.mostAtOnce = 0
  await load.limit({ concurrency: CONCURRENCY })
  const offering = load.offer({ pays: (1.25 * CONCURRENCY * 1_000) / HANDLING_MS, notes: 0, forMs: 8_000 })
  await pause(4_000)
  const killedAt = load.fleet.one('orchestrator').signal('SIGKILL')
  const { history, pays } = await load.untilEnded(await offering, ENDED_MS_MAX)
  // The last answers that it knew of are not in the log: from there on the participant alone says how many there were.
  const before = history.filter(({ at }) => at < killedAt - 1_000)
  const underWay = mostUnderWay('till', before)
  say({ killed: 1, concurrency: CONCURRENCY, underWay, atOnce: load.flow.till.mostAtOnce, ended: pays.size })
  load.flow.till.handlingMs = 0
  await load.fleet.start('orchestrator')
  await load.untilEnded(await load.offer({ pays: rate / 10, notes, forMs: 4_000 }), ENDED_MS_MAX)
}

async function down(load: FlowLoad): Promise<void> {
  await load.limit({ ratePerSecond: rate })
  const { till } = load.flow
  const asked = till.asked
  const offering = load.offer({ pays: rate, notes, forMs: DOWN_MS + 8_000 })
  await pause(4_000)
  till.isDown = true
  const before = till.asked
  await pause(DOWN_MS)
  const whileDown = till.asked - before
  till.isDown = false
  const { history, pays } = await load.untilEnded(await offering, ENDED_MS_MAX)
  const compensated = history.filter(({ event }) => event.type === 'compensation-started').length
  say({ downMs: DOWN_MS, askedBefore: before - asked, whileDown, ended: pays.size, compensated })
}

const kafka = await benchKafka()
const load = await FlowLoad.open(kafka.address, 'bench')
try {
  await load.untilEnded(await load.offer({ pays: rate / 2, notes, forMs: 4_000 }), ENDED_MS_MAX)
  await rounds(load)
  await killed(load)
  await down(load)
} finally {
  await load.close()
  await kafka.stop()
}
process.exit(0)
