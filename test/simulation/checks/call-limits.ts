/**
 * How many calls each process lets go while a number of them is set, as calls, answers and limits land. A call is under
 * way until its answer stands in the log of replies, which is before its owner can know of it. One that ends without an
 * answer is not counted, for an owner may have seen that in a batch which is void; nor is one that another has sent; nor one
 * whose partition was claimed before the answer, by another process or again by its own: whoever lets a partition go, or reads
 * it anew, has let go of its calls until they are read.
 */
import { H } from '../../../shared/message/headers.ts'
import { type Landed, TOPICS } from '../world/network.ts'
import { headerIn } from '../world/probes.ts'
import type { Header, LogListener, ReadBatch } from './accepted-log.ts'
import type { Breaches } from './breaches.ts'

interface Call {
  readonly participant: string
  readonly owner: string
  readonly partition: number
  readonly from: number
  readonly isAdmitted: boolean
  to: number
}

interface LimitSet {
  readonly at: number
  readonly participant: string
  /** `undefined`: any number of calls. */
  readonly concurrency: number | undefined
}

/** Longest time until a process follows what was set, and what it had let go by then stands in the log. */
const FOLLOWED_MS_MAX = 4_000
const ENDS: ReadonlySet<string> = new Set([
  ...['step-succeeded', 'step-rejected', 'step-failed'],
  ...['compensation-succeeded', 'compensation-failed'],
])

export class CallLimits implements LogListener {
  readonly #now: () => number
  readonly #open = new Map<string, Call>()
  readonly #answered: Call[] = []
  readonly #limits: LimitSet[] = []
  /** The newest of each partition. */
  readonly #headers = new Map<number, Header>()
  /** When each reply came to stand in its log first, by id. */
  readonly #replies = new Map<string, number>()

  constructor(now: () => number) {
    this.#now = now
  }

  accepted({ partition, header, events }: ReadBatch): void {
    const { owner } = header
    if (isClaim(header, this.#headers.get(partition)))
      for (const [key, call] of this.#open) if (call.partition === partition) this.#open.delete(key)
    this.#headers.set(partition, header)
    for (const { event, sagaId, causationId } of events) {
      if (!('step' in event)) continue
      const call = `${sagaId} ${event.step} ${event.type.startsWith('compensation')}`
      if (event.type === 'step-requested' || event.type === 'compensation-requested') {
        const { participant } = event
        const from = this.#now()
        const isAdmitted = causationId.startsWith('admit/')
        this.#open.set(call, { participant, owner, partition, from, isAdmitted, to: from })
      } else if (ENDS.has(event.type)) this.#end(call, this.#replies.get(causationId))
    }
  }

  other({ topic, records }: Landed): void {
    for (const record of records) {
      const id = headerIn(record, H.id) ?? ''
      if (topic === TOPICS.replies && !this.#replies.has(id)) this.#replies.set(id, this.#now())
      if (topic !== TOPICS.control) continue
      const { participant, limits } = JSON.parse(String(record.value))
      if (limits !== undefined) this.#limits.push({ at: this.#now(), participant, concurrency: limits?.concurrency })
    }
  }

  /** Answers how often a process was just at its limit. */
  expectKept(breaches: Breaches): number {
    let full = 0
    for (const call of this.#answered) {
      const limit = call.isAdmitted ? this.#limitFor(call) : undefined
      if (limit === undefined) continue
      const { participant, owner, from } = call
      const isBeside = (one: Call) => one.participant === participant && one.owner === owner
      const beside = this.#answered.filter((one) => isBeside(one) && one.from <= from && one.to > from).length
      breaches.expect('limits', beside <= limit, () => `${beside} calls of ${owner} to ${participant}: ${limit} is set`)
      if (beside === limit) full++
    }
    return full
  }

  #end(key: string, to: number | undefined): void {
    const call = this.#open.get(key)
    this.#open.delete(key)
    if (call && to !== undefined) this.#answered.push(Object.assign(call, { to }))
  }

  /** The most that may hold for it, whichever of what was set its process followed; `undefined`: any number. */
  #limitFor({ participant, from }: Call): number | undefined {
    const set = this.#limits.filter((one) => one.participant === participant && one.at <= from)
    const before = set.filter(({ at }) => at <= from - FOLLOWED_MS_MAX).at(-1)
    const since = set.filter(({ at }) => at > from - FOLLOWED_MS_MAX)
    const inForce = [before, ...since].map((one) => one?.concurrency)
    return inForce.some((one) => one === undefined) ? undefined : Math.max(...(inForce as number[]))
  }
}

/** The first batch of who owns the partition from here on says nothing but that. */
function isClaim(header: Header, before: Header | undefined): boolean {
  if (header.owner !== before?.owner) return true
  const saysMore = header.commands > before.commands || header.replies > before.replies
  return header.count === 0 && !saysMore && header.sentThrough === before.sentThrough
}
