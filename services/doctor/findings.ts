/** What is found of each part of an installation, and what to do. Pure. */
import type { CountsAnswer } from '../../shared/client/http-api.ts'
import type { DefinitionCount, LagAnswer } from '../../shared/client/operator-api.ts'
import type { TopicDescription, TopicDrift, TopicSpec } from '../../shared/ports/broker.ts'
import type { ViewGeneration } from '../../shared/ports/view-store.ts'

export interface Finding {
  /** What was looked at: `topics`, `database`, `lag`. */
  readonly check: string
  /** degraded: it works, and somebody should look. down: sagas or reads stand still because of it. */
  readonly status: 'ok' | 'degraded' | 'down'
  readonly says: string
  /** What to do; absent where there is nothing to be done. */
  readonly next?: string
}

export const DOCTOR_LIMITS = {
  /** Records that have waited for longer are told. */
  lagMs: 30_000,
  skewMs: 1_000,
  /** Timers and lags are plainly wrong from there on. */
  skewDownMs: 60_000,
  diskFreeShare: 0.1,
  diskFreeBytes: 1_000_000_000,
  diskDownBytes: 50_000_000,
} as const

export function judgeTopics(wanted: readonly TopicSpec[], found: readonly TopicDescription[]): Finding {
  const there = new Map(found.map(({ name, partitions }) => [name, partitions]))
  const missing = wanted.filter(({ name }) => !there.has(name)).map(({ name }) => name)
  const other = wanted.filter(({ name, partitions }) => there.has(name) && there.get(name) !== partitions)
  if (missing.length > 0)
    return {
      check: 'topics',
      status: 'down',
      says: `missing: ${missing.join(', ')}`,
      next: 'Make them with: kasaga topics apply',
    }
  if (other.length === 0) return { check: 'topics', status: 'ok', says: `all ${wanted.length} are there` }
  const says = other.map(({ name, partitions }) => `${name} has ${there.get(name)} partitions, not ${partitions}`)
  const next = 'Topics of one installation have the same number: see docs/wire.md, topics'
  return { check: 'topics', status: 'down', says: says.join('; '), next }
}

/** Whether the topics keep what they were made to keep. */
export function judgeSettings(drifts: readonly TopicDrift[]): Finding {
  const check = 'topic settings'
  if (drifts.length === 0) return { check, status: 'ok', says: 'they keep what they are to keep' }
  const says = drifts.map(({ topic, setting, is, wanted }) => `${topic} has ${setting}=${is}, not ${wanted}`)
  const [worst] = drifts.toSorted((a, b) => Number(b.losesLog) - Number(a.losesLog))
  const alter = `kafka-configs.sh --alter --entity-type topics --entity-name ${worst?.topic} --add-config ${worst?.setting}=${worst?.wanted}`
  const next = worst?.losesLog ? `The log loses records: set it at once with ${alter}` : `Set it with ${alter}`
  return { check, status: worst?.losesLog ? 'down' : 'degraded', says: says.join('; '), next }
}

/** `skewMs`: how far the other clock is ahead of this one. */
export function judgeClock(whose: string, skewMs: number): Finding {
  const far = Math.abs(skewMs)
  const check = 'clock'
  const says = `${whose} is ${Math.round(far)} ms ${skewMs < 0 ? 'behind' : 'ahead of'} this machine`
  if (far < DOCTOR_LIMITS.skewMs) return { check, status: 'ok', says }
  const status = far < DOCTOR_LIMITS.skewDownMs ? 'degraded' : 'down'
  return { check, status, says, next: 'Have all machines keep time (NTP): timeouts and lags are told by their clocks' }
}

const WHO = { commands: 'orchestrators', replies: 'orchestrators', views: 'projectors' } as const

export function judgeLag({ stages, at }: LagAnswer): Finding[] {
  const now = Date.parse(at)
  return (['commands', 'replies', 'views'] as const).map((stage) => {
    const own = stages.filter((one) => one.stage === stage)
    const records = own.reduce((sum, one) => sum + one.records, 0)
    const waitedMs = own.reduce(
      (ms, { oldestAt }) => Math.max(ms, oldestAt === null ? 0 : now - Date.parse(oldestAt)),
      0,
    )
    const check = `lag of ${stage}`
    if (waitedMs < DOCTOR_LIMITS.lagMs) return { check, status: 'ok' as const, says: `${records} records wait` }
    const says = `${records} records wait, the oldest for ${Math.round(waitedMs / 1_000)} s`
    const next = `See that ${WHO[stage]} run, and their logs; by partition with: kasaga lag --partitions`
    return { check, status: 'degraded' as const, says, next }
  })
}

export function judgeSagas({
  counts,
  unreadable,
  stopped,
}: Pick<CountsAnswer, 'counts' | 'unreadable' | 'stopped'>): Finding {
  const { running, compensating, stuck } = counts
  const live = `${running + compensating} on their way`
  const wrong = [
    ...(stuck > 0 ? [`${stuck} stuck`] : []),
    ...(unreadable > 0 ? [`${unreadable} unreadable`] : []),
    ...(stopped > 0 ? [`${stopped} stopped`] : []),
  ]
  if (wrong.length === 0) return { check: 'sagas', status: 'ok', says: live }
  const next = stuck > 0 ? 'See what is wrong with: kasaga incidents' : 'See docs/operations.md, quarantined sagas'
  return { check: 'sagas', status: 'degraded', says: `${live}, ${wrong.join(', ')}`, next }
}

/** Sagas whose version is not here wait, wherever they are. */
export function judgeDefinitions(definitions: readonly DefinitionCount[]): Finding {
  const live = (one: DefinitionCount) => one.running + one.compensating + one.stuck + one.paused
  const lost = definitions.filter((one) => !one.isKnown && live(one) > 0)
  const check = 'definitions'
  if (lost.length === 0) return { check, status: 'ok', says: 'each live saga has its version here' }
  const says = lost.map((one) => `${live(one)} of ${one.name} version ${one.version}`).join(', ')
  const next = 'Deploy those versions again, or move their sagas: kasaga migrate'
  return { check, status: 'degraded', says: `sagas live on versions that are not here: ${says}`, next }
}

export function judgeDisk({ free, total }: { readonly free: number; readonly total: number }): Finding {
  const check = 'disk'
  const says = `${Math.round(free / 1_000_000)} MB of ${Math.round(total / 1_000_000)} MB are free`
  if (free < DOCTOR_LIMITS.diskDownBytes) return { check, status: 'down', says, next: 'Make room on the disk' }
  const isLow = free < DOCTOR_LIMITS.diskFreeBytes || free < total * DOCTOR_LIMITS.diskFreeShare
  return isLow ? { check, status: 'degraded', says, next: 'Make room on the disk' } : { check, status: 'ok', says }
}

/** Whether what is read was made by this version of each view. */
export function judgeViews(
  generations: readonly ViewGeneration[],
  wanted: readonly { readonly name: string; readonly version: number }[],
): Finding {
  const check = 'views'
  const read = generations.filter(({ beside }) => beside === undefined)
  const wrong = wanted.flatMap(({ name, version }) => {
    const own = read.filter(({ projection }) => projection === name).map((one) => one.version)
    if (own.includes(version)) return []
    return [own.length === 0 ? `${name} is not there` : `${name} is of version ${own.join(', ')}, not ${version}`]
  })
  const building = generations.filter(({ beside }) => beside === 'next').map(({ projection }) => projection)
  const built = building.length > 0 ? `; being built: ${building.join(', ')}` : ''
  if (wrong.length === 0) return { check, status: 'ok', says: `${wanted.map(({ name }) => name).join(', ')}${built}` }
  return { check, status: 'degraded', says: wrong.join('; ') + built, next: 'Start a projector of this version' }
}

/** What could not be asked at all. */
export function down(check: string, says: string, next: string): Finding {
  return { check, status: 'down', says, next }
}
