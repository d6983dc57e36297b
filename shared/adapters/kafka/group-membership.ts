/**
 * A member of a Kafka group: joins, keeps its session alive, joins again when the group changes, and leaves.
 *
 *     joining ── given a share ──▶ member ── the group changes ──▶ joining
 *        ▲                           │ session lost: everything is let go of
 *        └───────────────────────────┘         any ── leave ──▶ left
 *
 * Partitions that stay are kept through a change without a word. A partition that moves is let go of first, and then
 * joined again, which lets the others have it; one that takes its time is claimed meanwhile, and holds up no other and no
 * round of the group. Heartbeats go out on a timer of their own, also while the member lets go of partitions; one that the
 * coordinator does not answer is sent again, to whoever coordinates now, and changes nothing. Without an answer for a whole
 * session the member holds nothing any more, and knows it. It keeps its name until the group says that it does not know it:
 * under a new one the group would wait for the old one to die.
 */
import { messageOf, type OperationalError } from '../../message/errors.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { ClusterLink } from './cluster-link.ts'
import { assignPartitions } from './group-assignment.ts'
import { decodeClaim, decodeShare, encodeClaim, encodeShare, type MemberShare, PROTOCOL } from './group-protocol.ts'
import { classify } from './kafka-errors.ts'
import type { KafkaNode } from './kafkajs-internals.ts'

export const SESSION_MS = 6_000
const HEARTBEAT_MS = 1_000
/** While others wait for a partition to change hands. */
const HEARTBEAT_SOON_MS = 100
const REBALANCE_MS = 20_000
/** What is let go of within it is told the group together. */
const RELEASE_GATHER_MS = 50
const FAILURE_PAUSE_MS = 300
const REFUSAL_PAUSE_MS = 2_000
/** Trouble that is the same for so long is told. */
const TROUBLE_AFTER_FAILURES = 20

export interface MembershipOptions {
  readonly group: string
  readonly topics: readonly string[]
  readonly partitions: number
  readonly link: ClusterLink
  readonly log: Log
  readonly assigned: (partition: number) => void
  /** Settles when the partition is let go of; never rejects. */
  readonly revoked: (partition: number) => Promise<void>
  readonly trouble: (error: OperationalError) => void
}

export interface MemberIdentity {
  readonly groupId: string
  readonly memberId: string
  readonly groupGenerationId: number
}

type Change = 'rebalance' | 'lost' | 'leave'

export class GroupMembership {
  readonly #options: MembershipOptions
  readonly #held = new Set<number>()
  /** Of those, the ones on their way out. */
  readonly #releasing = new Map<number, Promise<void>>()
  /** Some have been let go of since the group was told what is held. */
  #freed = false
  #memberId = ''
  #generation = -1
  #aliveAt = 0
  #joining = false
  #leaving = false
  #wake: (change: Change) => void = () => {}
  #running: Promise<void> = Promise.resolve()

  constructor(options: MembershipOptions) {
    this.#options = options
  }

  start(): void {
    this.#running = this.#run()
  }

  holds(partition: number): boolean {
    // While the group forms anew it waits for all others, and keeps everyone's place who has joined.
    const silentMsMax = this.#joining ? REBALANCE_MS + SESSION_MS : SESSION_MS
    return this.#held.has(partition) && Date.now() - this.#aliveAt < silentMsMax
  }

  identity(): MemberIdentity {
    const { group } = this.#options
    return { groupId: group, memberId: this.#memberId, groupGenerationId: this.#generation }
  }

  /** Lets go of everything, then tells the group. */
  async leave(): Promise<void> {
    this.#leaving = true
    this.#wake('leave')
    await this.#running
  }

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#leaving) {
      try {
        const { coordinator, share } = await this.#join()
        failures = 0
        const change = await this.#live(coordinator, share)
        if (change !== 'lost') continue
        this.#options.log.warn('the session was lost: every partition is let go of', this.#fields())
        await this.#lose()
      } catch (error) {
        await this.#failed(classify(error, `joining group ${this.#options.group}`), ++failures)
      }
    }
    await this.#release([...this.#held])
    await this.#sayGoodbye()
  }

  #fields() {
    return { group: this.#options.group, member: this.#memberId, partitions: [...this.#held] }
  }

  async #failed(error: OperationalError, failures: number): Promise<void> {
    this.#joining = false
    this.#options.link.distrust()
    this.#options.log.debug('could not join the group', { group: this.#options.group, error: messageOf(error) })
    if (error.code === 'group-rebalancing') this.#aliveAt = Date.now()
    if (error.code === 'group-member-unknown') this.#memberId = ''
    if (error.code === 'group-member-unknown' || Date.now() - this.#aliveAt > SESSION_MS) await this.#lose()
    if (!error.retriable || failures % TROUBLE_AFTER_FAILURES === 0) this.#options.trouble(error)
    if (error.code !== 'group-rebalancing' && !this.#leaving)
      await wait(error.retriable ? FAILURE_PAUSE_MS : REFUSAL_PAUSE_MS)
  }

  async #join(): Promise<{ coordinator: KafkaNode; share: MemberShare }> {
    const { group, topics, link } = this.#options
    const coordinator = await link.coordinator(group)
    this.#joining = this.#held.size > 0
    const claim = { held: [...this.#held], generation: this.#generation }
    this.#freed = false
    const joined = await coordinator.joinGroup({
      groupId: group,
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: REBALANCE_MS,
      memberId: this.#memberId,
      groupProtocols: [{ name: PROTOCOL, metadata: encodeClaim(topics, claim) }],
    })
    this.#memberId = joined.memberId
    this.#aliveAt = Date.now()
    const isLeader = joined.leaderId === joined.memberId
    const { memberAssignment } = await coordinator.syncGroup({
      groupId: group,
      memberId: joined.memberId,
      generationId: joined.generationId,
      groupAssignment: isLeader ? this.#shares(joined.members) : [],
    })
    this.#generation = joined.generationId
    this.#aliveAt = Date.now()
    this.#joining = false
    const share = decodeShare(topics, memberAssignment)
    const { generationId: generation } = joined
    this.#options.log.info('the group has shared out its partitions', { ...this.#fields(), generation, ...share })
    return { coordinator, share }
  }

  #shares(members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[]) {
    const { topics, partitions } = this.#options
    const claims = members.map(({ memberId, memberMetadata }) => ({ memberId, ...decodeClaim(memberMetadata) }))
    const assignment = assignPartitions(claims, partitions)
    return members.map(({ memberId }) => {
      const share = { partitions: assignment.partitions.get(memberId) ?? [], unfinished: assignment.unfinished }
      return { memberId, memberAssignment: encodeShare(topics, share) }
    })
  }

  /** Takes the share and lives with it until something changes. */
  async #live(coordinator: KafkaNode, share: MemberShare): Promise<Change> {
    const changed = new Promise<Change>((resolve) => {
      this.#wake = resolve
    })
    const stop = this.#beat(coordinator, share.unfinished)
    try {
      const gone = [...this.#held].filter((partition) => !share.partitions.includes(partition))
      for (const partition of share.partitions) this.#take(partition)
      void this.#release(gone)
      this.#tellFreed()
      return this.#leaving ? 'leave' : await changed
    } finally {
      stop()
    }
  }

  #take(partition: number): void {
    if (this.#held.has(partition) || this.#leaving) return
    this.#held.add(partition)
    this.#options.assigned(partition)
  }

  async #release(partitions: readonly number[]): Promise<void> {
    await Promise.all(partitions.map((partition) => this.#releasing.get(partition) ?? this.#letGo(partition)))
  }

  #letGo(partition: number): Promise<void> {
    const released = this.#options.revoked(partition).then(() => {
      this.#releasing.delete(partition)
      this.#held.delete(partition)
      this.#freed = true
      this.#tellFreed()
    })
    this.#releasing.set(partition, released)
    return released
  }

  /** Others wait for what was let go of: what follows in a moment is told with it. */
  #tellFreed(): void {
    if (!this.#freed) return
    if (this.#releasing.size === 0) this.#wake('rebalance')
    else setTimeout(() => this.#freed && this.#wake('rebalance'), RELEASE_GATHER_MS)
  }

  async #lose(): Promise<void> {
    this.#aliveAt = 0
    this.#generation = -1
    await this.#release([...this.#held])
  }

  /** Heartbeats, one at a time; gives the way to end them. */
  #beat(first: KafkaNode, unfinished: boolean): () => void {
    const { link, group } = this.#options
    let coordinator: KafkaNode | undefined = first
    let timer: NodeJS.Timeout | undefined
    let over = false
    const next = () => {
      const answeredMs = unfinished ? HEARTBEAT_SOON_MS : HEARTBEAT_MS
      if (!over) timer = setTimeout(beat, coordinator ? answeredMs : FAILURE_PAUSE_MS)
    }
    const beat = async () => {
      const sentAt = Date.now()
      try {
        coordinator ??= await link.coordinator(group)
        await coordinator.heartbeat(this.identity())
        if (!over) this.#aliveAt = Math.max(this.#aliveAt, sentAt)
      } catch (error) {
        coordinator = undefined
        if (!over) this.#unanswered(classify(error, 'a heartbeat'), sentAt)
      }
      next()
    }
    next()
    return () => {
      over = true
      clearTimeout(timer)
    }
  }

  #unanswered(error: OperationalError, sentAt: number): void {
    // The session is alive: the group only wants everyone to join again.
    if (error.code === 'group-rebalancing') {
      this.#aliveAt = sentAt
      this.#wake('rebalance')
      return
    }
    const gone = error.code === 'group-member-unknown' || error.code === 'group-generation-old'
    if (gone) this.#aliveAt = 0
    if (error.code === 'group-member-unknown') this.#memberId = ''
    if (gone || Date.now() - this.#aliveAt > SESSION_MS) this.#wake('lost')
    // Another node may coordinate by now; the group need not form anew for that.
    else this.#options.link.distrust()
  }

  async #sayGoodbye(): Promise<void> {
    if (this.#memberId === '') return
    const { group, link } = this.#options
    try {
      const coordinator = await link.coordinator(group)
      await coordinator.leaveGroup({ groupId: group, memberId: this.#memberId })
    } catch (error) {
      // The others wait for the end of the session then, no longer.
      this.#options.log.debug('could not tell the group that we leave', { group, error: messageOf(error) })
    }
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
