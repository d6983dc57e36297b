/**
 * What a seed runs with: how large its world is, and which faults come how often. Each seed switches a part of them on
 * at rates of its own (swarm): what one fault hides, another seed shows. A scenario is such options, written down.
 */
import { type Stream, streamOf } from './streams.ts'

/**
 * Shares in thousandths. Of appends: `lost` (never lands), `unanswered` (lands), `late` (lands up to `lateMs` later),
 * `twice` (lands two times), `refused`. Of reads: `unread`. Of a process's steps: `crash`, `pause`, `split` (others take
 * over, and it does not know), `restart` (in order), `jump` (of its clock, an hour). Of looks at a clock: `creep` (time has passed since the one before). Of transactions: `storeRefused`,
 * `storeUnanswered`. Of answers: `trouble`, `refusal`. Of what clients write: `rubbish`, `strays`, `rivals` (starts of one
 * id by two clients). Of mappings: `mapping`.
 */
export const RATES = [
  'lost',
  'unanswered',
  'late',
  'twice',
  'refused',
  'unread',
  'crash',
  'pause',
  'split',
  'restart',
  'jump',
  'storeRefused',
  'storeUnanswered',
  'trouble',
  'refusal',
  'rubbish',
  'strays',
  'rivals',
  'mapping',
  'creep',
] as const

export type Rate = (typeof RATES)[number]

/** The most of each that a seed has, in thousandths. */
const MOST: Readonly<Record<Rate, number>> = {
  lost: 80,
  unanswered: 80,
  late: 80,
  twice: 80,
  refused: 80,
  unread: 100,
  crash: 25,
  pause: 12,
  split: 12,
  restart: 8,
  jump: 10,
  storeRefused: 150,
  storeUnanswered: 150,
  trouble: 350,
  refusal: 250,
  rubbish: 200,
  strays: 300,
  rivals: 500,
  mapping: 1_000,
  creep: 400,
}

export interface Options {
  readonly seed: number
  readonly sagas: number
  readonly partitions: number
  /** Processes of each kind. */
  readonly orchestrators: number
  readonly participants: number
  readonly projectors: number
  /** Numbers that the plan is read from; past them each choice is the simplest. */
  readonly plan: number
  /** What persons ask of each saga without knowing better. */
  readonly acts: number
  /** A new version of the definition comes while sagas run. */
  readonly nextVersion: boolean
  /** How long faults last. */
  readonly faultyMs: number
  /** Longest time that an append, its answer or a delivery is on its way. */
  readonly travelMs: number
  /** Longest time that an append is late. */
  readonly lateMs: number
  /** Longest time of a transaction's statement. */
  readonly statementMs: number
  /** Ended sagas that a partition remembers. */
  readonly remembered: number
  /** Records of the log between two snapshots of a partition; 0: there are none. Absent in what was written down before. */
  readonly snapshotEvery?: number
  /** Sagas that sleep until the same moment, beside the others. */
  readonly sleepers: number
  readonly rates: Readonly<Record<Rate, number>>
}

export const PLAN_NUMBERS = 400
/** One seed of so many has 10,000 timers that are due at once. */
const SLEEPERS_EVERY = 1_000
export const SLEEPERS = 10_000
/** One seed of so many has more sagas at a time. */
const CROWD_EVERY = 25
const CROWD = 20
const SLEEPERS_RATE = 8
const SNAPSHOTS_EVERY = [0, 1, 7, 40]

/** What the seed says. */
export function optionsOf(seed: number): Options {
  const stream = streamOf(seed, 'options')
  const world = {
    seed,
    sagas: (seed % CROWD_EVERY === 0 ? CROWD : 1) + stream.below(8),
    partitions: 1 + stream.below(2),
    orchestrators: 1 + stream.below(3),
    participants: 1 + stream.below(2),
    projectors: 1 + stream.below(2),
    plan: PLAN_NUMBERS,
    acts: stream.below(4),
    nextVersion: stream.below(3) === 0,
    faultyMs: 2_000 + stream.below(18_000),
    travelMs: 1 + stream.below(120),
    lateMs: stream.one([50, 400, 3_000]),
    statementMs: 1 + stream.below(40),
    remembered: stream.one([500_000, 500_000, 2]),
  }
  const sleepers = seed % SLEEPERS_EVERY === SLEEPERS_EVERY / 2 ? SLEEPERS : 0
  const snapshotEvery = SNAPSHOTS_EVERY[seed % SNAPSHOTS_EVERY.length] ?? 0
  // Each take-over reads the log of all of them again: a few show what many would.
  const most = (rate: Rate) => (sleepers > 0 ? Math.ceil(MOST[rate] / SLEEPERS_RATE) : MOST[rate])
  const rates = Object.fromEntries(RATES.map((rate) => [rate, rateOf(stream, most(rate))]))
  return { ...world, snapshotEvery, sleepers, rates: rates as Record<Rate, number> }
}

function rateOf(stream: Stream, most: number): number {
  const [isOn, rate] = [stream.below(2) === 0, 1 + stream.below(most)]
  return isOn ? rate : 0
}
