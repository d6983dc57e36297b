/**
 * A group's coordinator in memory, as Kafka's classic protocol has it: it waits for all members to join anew, hands out what
 * the first of them says, and drops who is silent for a session. Its errors are a broker's.
 *
 *     empty --join--> forming --all have joined, or are dropped--> sharing --the leader has spoken--> stable
 *                        ^                                           |                                 |
 *                        +--- somebody joins, leaves, is dropped ----+---------------------------------+
 */
import type { ClusterLink } from '../../shared/adapters/kafka/cluster-link.ts'
import type { KafkaNode } from '../../shared/adapters/kafka/kafkajs-internals.ts'

type JoinOptions = Parameters<KafkaNode['joinGroup']>[0]
type Joined = Awaited<ReturnType<KafkaNode['joinGroup']>>
type Synced = Awaited<ReturnType<KafkaNode['syncGroup']>>

interface Place {
  readonly id: string
  metadata: Buffer
  options: JoinOptions
  seenAt: number
  joining: PromiseWithResolvers<Joined> | undefined
  syncing: PromiseWithResolvers<Synced> | undefined
}

const LOOK_EVERY_MS = 50
const [GENERATION_OLD, UNKNOWN_MEMBER, REBALANCING] = [22, 25, 27]

export class FakeGroup {
  state: 'empty' | 'forming' | 'sharing' | 'stable' = 'empty'
  generation = 0
  readonly #places = new Map<string, Place>()
  #shares = new Map<string, Buffer>()
  #formingFrom = 0
  #names = 0
  readonly #timer: NodeJS.Timeout

  constructor() {
    this.#timer = setInterval(() => this.#dropSilent(), LOOK_EVERY_MS)
  }

  get members(): readonly string[] {
    return [...this.#places.keys()]
  }

  /** Whoever waits is told that there is nobody any more. */
  close(): void {
    clearInterval(this.#timer)
    for (const { joining, syncing } of this.#places.values()) {
      joining?.reject(new Error('Closed connection'))
      syncing?.reject(new Error('Closed connection'))
    }
  }

  /** The coordinator as one member reaches it; while it is away every question fails as with a lost connection. */
  link(reach: { away: boolean }): ClusterLink {
    const asked = async <T>(answer: () => T | Promise<T>): Promise<T> => {
      if (reach.away) throw new Error('Closed connection')
      const given = await answer()
      if (reach.away) throw new Error('Closed connection')
      return given
    }
    const node: Partial<KafkaNode> = {
      joinGroup: (options) => asked(() => this.#join(options)),
      syncGroup: (options) => asked(() => this.#sync(options)),
      heartbeat: (options) => asked(() => this.#beat(options)),
      leaveGroup: ({ memberId }) => asked(() => this.#drop(memberId)),
    }
    return { coordinator: async () => node, distrust() {} } as unknown as ClusterLink
  }

  #join(options: JoinOptions): Joined | Promise<Joined> {
    const id = options.memberId === '' ? `m${++this.#names}` : options.memberId
    const metadata = options.groupProtocols[0]?.metadata ?? Buffer.alloc(0)
    const known = this.#places.get(id)
    if (!known && options.memberId !== '') throw brokersError(UNKNOWN_MEMBER)
    const sameAsBefore = known?.metadata.equals(metadata) && id !== this.#leader
    if (known && this.state === 'stable' && sameAsBefore) return this.#joined(known)
    const joining = Promise.withResolvers<Joined>()
    const place: Place = { id, metadata, options, seenAt: Date.now(), joining, syncing: undefined }
    // One who is known keeps its place in the order.
    if (known) Object.assign(known, place)
    else this.#places.set(id, place)
    this.#form()
    return joining.promise
  }

  get #leader(): string | undefined {
    return this.members[0]
  }

  #form(): void {
    if (this.state !== 'forming') this.#formingFrom = Date.now()
    this.state = this.#places.size === 0 ? 'empty' : 'forming'
    for (const place of this.#places.values()) {
      place.syncing?.reject(brokersError(REBALANCING))
      place.syncing = undefined
    }
    if ([...this.#places.values()].some(({ joining }) => joining === undefined)) return
    if (this.state === 'empty') return
    this.state = 'sharing'
    this.generation++
    for (const place of this.#places.values()) {
      place.seenAt = Date.now()
      place.joining?.resolve(this.#joined(place))
      place.joining = undefined
    }
  }

  #joined({ id }: Place): Joined {
    const members = [...this.#places.values()].map(({ id: memberId, metadata }) => ({
      memberId,
      memberMetadata: metadata,
    }))
    const leaderId = this.#leader ?? id
    return { generationId: this.generation, leaderId, memberId: id, members: id === leaderId ? members : [] }
  }

  #sync({ memberId, generationId, groupAssignment }: Parameters<KafkaNode['syncGroup']>[0]): Synced | Promise<Synced> {
    const place = this.#known(memberId, generationId)
    if (this.state === 'forming') throw brokersError(REBALANCING)
    if (this.state === 'sharing' && memberId === this.#leader) {
      this.#shares = new Map(groupAssignment.map((share) => [share.memberId, share.memberAssignment]))
      this.state = 'stable'
      for (const one of this.#places.values()) {
        one.seenAt = Date.now()
        one.syncing?.resolve(this.#synced(one))
        one.syncing = undefined
      }
    }
    if (this.state === 'stable') return this.#synced(place)
    place.syncing = Promise.withResolvers<Synced>()
    return place.syncing.promise
  }

  #synced({ id }: Place): Synced {
    return { memberAssignment: this.#shares.get(id) ?? Buffer.alloc(0) }
  }

  #beat({ memberId, groupGenerationId }: Parameters<KafkaNode['heartbeat']>[0]): void {
    const place = this.#known(memberId, groupGenerationId)
    place.seenAt = Date.now()
    if (this.state === 'forming') throw brokersError(REBALANCING)
  }

  #known(memberId: string, generation: number): Place {
    const place = this.#places.get(memberId)
    if (!place) throw brokersError(UNKNOWN_MEMBER)
    if (generation !== this.generation) throw brokersError(GENERATION_OLD)
    return place
  }

  #drop(memberId: string): void {
    const place = this.#places.get(memberId)
    if (!place) return
    this.#places.delete(memberId)
    place.syncing?.reject(brokersError(UNKNOWN_MEMBER))
    this.#form()
  }

  #dropSilent(): void {
    for (const { id, seenAt, joining, syncing, options } of [...this.#places.values()]) {
      // Whoever waits for an answer is there.
      if (joining || syncing) continue
      const isSilent = Date.now() - seenAt > options.sessionTimeout
      const isLate = this.state === 'forming' && Date.now() - this.#formingFrom > options.rebalanceTimeout
      if (isSilent || isLate) this.#drop(id)
    }
  }
}

function brokersError(code: number): Error {
  return Object.assign(new Error(`error ${code}`), { type: `ERROR_${code}`, code })
}
