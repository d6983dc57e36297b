/**
 * `npm run bench:takeover`: how long a partition has no owner, on a real Kafka, with three orchestrators as processes of
 * their own under a steady load. One of them is killed, and one told to stop, in turns: `--times 10` of each; `--rate 60`
 * sagas a second. Takes about three minutes.
 *
 * From the signal until another owner has read and claimed the partition; for one that is told to stop, from when it let the
 * partition go, too.
 */
import { loadavg } from 'node:os'
import { FlowLoad } from '../support/flow-load/flow-load.ts'
import type { LogLine } from '../support/kafka-home/fleet.ts'
import { quantile } from '../support/quantile.ts'
import { heldBy, LET_GO, TAKEN } from '../support/take-over/partition-moves.ts'
import { asked, number, whole } from './arguments.ts'
import { benchKafka } from './homes/servers.ts'

const { times, rate } = asked({ times: whole(10), rate: number(60) })
const PARTITIONS = 12
const MEMBERS = 3
const LOOK_AGAIN_MS = 20
const SETTLES_MS_MAX = 60_000
const ENDED_MS_MAX = 120_000
const STEADY_MS = 1_500

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function until(isSo: () => boolean): Promise<void> {
  const givenUpAt = Date.now() + SETTLES_MS_MAX
  while (!isSo()) {
    if (Date.now() > givenUpAt) throw new Error(`the partitions are not shared out after ${SETTLES_MS_MAX} ms`)
    await pause(LOOK_AGAIN_MS)
  }
}

const at = ({ time }: LogLine) => Date.parse(time)

interface Moved {
  /** From the signal until another one has it, each partition's. */
  readonly afterMs: readonly number[]
  /** From when it was let go; nothing where it was killed. */
  readonly unownedMs: readonly number[]
}

/** Ends the newest orchestrator, and waits until the others have what it had. */
async function end(load: FlowLoad, signal: 'SIGKILL' | 'SIGTERM'): Promise<Moved> {
  const going = load.fleet.of('orchestrator').at(-1)
  if (!going) throw new Error('no orchestrator runs')
  const held = heldBy(going)
  const signalledAt = going.signal(signal)
  const taken = (partition: number) =>
    load.fleet
      .of('orchestrator')
      .filter((one) => one !== going)
      .flatMap(({ lines }) => lines)
      .find((line) => line.msg === TAKEN && line.partition === partition && at(line) >= signalledAt)
  await until(() => [...held].every((partition) => taken(partition) !== undefined))
  const moved = [...held].map((partition) => {
    const letGo = going.lines.findLast(
      (line) => line.msg === LET_GO && line.partition === partition && at(line) >= signalledAt,
    )
    const line = taken(partition)
    const takenAt = line ? at(line) : Number.NaN
    return { afterMs: takenAt - signalledAt, unownedMs: letGo ? [takenAt - at(letGo)] : [] }
  })
  await going.end('SIGKILL')
  return {
    afterMs: moved.map(({ afterMs }) => afterMs),
    unownedMs: moved.flatMap(({ unownedMs }) => unownedMs),
  }
}

function tell(how: string, moved: readonly Moved[]): void {
  const of = (what: keyof Moved) => moved.flatMap((one) => [...one[what]]).sort((a, b) => a - b)
  const last = moved.map(({ afterMs }) => Math.max(...afterMs)).sort((a, b) => a - b)
  const p50AndWorst = (all: readonly number[]) => ({ p50: quantile(all, 0.5), worst: all.at(-1) ?? Number.NaN })
  say({ how, times: moved.length, partitionMs: p50AndWorst(of('afterMs')), lastPartitionMs: p50AndWorst(last) })
  if (of('unownedMs').length > 0) say({ how, withoutOwnerMs: p50AndWorst(of('unownedMs')) })
}

async function measure(load: FlowLoad): Promise<void> {
  const seen = { SIGKILL: [] as Moved[], SIGTERM: [] as Moved[] }
  const sizes = () => load.fleet.of('orchestrator').map((one) => heldBy(one).size)
  for (let i = 0; i < 2 * times; i++) {
    const signal = i % 2 === 0 ? 'SIGTERM' : 'SIGKILL'
    await load.fleet.start('orchestrator')
    await until(() => sizes().length === MEMBERS && sizes().every((size) => size === PARTITIONS / MEMBERS))
    await pause(STEADY_MS)
    const moved = await end(load, signal)
    seen[signal].push(moved)
    say({ signal, afterMs: moved.afterMs, unownedMs: moved.unownedMs, load: loadavg()[0] })
  }
  tell('told to stop', seen.SIGTERM)
  tell('killed', seen.SIGKILL)
}

const kafka = await benchKafka()
const load = await FlowLoad.open(kafka.address, 'bench')
let isOver = false
try {
  const offered = (async () => {
    const all = { pays: new Map<string, number>(), notes: new Map<string, number>() }
    while (!isOver) {
      const { pays, notes } = await load.offer({ pays: rate / 3, notes: (rate * 2) / 3, forMs: 1_000 })
      for (const [id, when] of pays) all.pays.set(id, when)
      for (const [id, when] of notes) all.notes.set(id, when)
    }
    return all
  })()
  await measure(load).finally(() => {
    isOver = true
  })
  const { pays, notes } = await load.untilEnded(await offered, ENDED_MS_MAX)
  say({ ended: pays.size + notes.size })
} finally {
  await load.close()
  await kafka.stop()
}
process.exit(0)
