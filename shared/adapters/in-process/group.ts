/**
 * One consumer group inside the process: its members, and which of them has which partition.
 *
 * A partition is, in turn:  free -> held by a member -> being revoked (still that member's) -> free
 * Changed by `join`, `leave` and the end of a revocation; each schedules a sharing-out, which revokes what is with the
 * wrong member and hands out what is free. Guarantee: one member at a time, and partition i of all topics with it.
 */
import { messageOf, OperationalError } from '../../message/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import { assignment } from './assignment.ts'
import type { Member } from './member.ts'

/** How long a member may take to let a partition go; then it goes without its consent. */
const REVOKE_MS_MAX = 30_000

interface Held {
  owner: Member | undefined
  revoking: Promise<void> | undefined
}

export class Group {
  readonly #clock: Clock
  readonly #members: Member[] = []
  readonly #partitions: readonly Held[]
  #sharingDue = false

  constructor(partitions: number, clock: Clock) {
    this.#clock = clock
    this.#partitions = Array.from({ length: partitions }, () => ({ owner: undefined, revoking: undefined }))
  }

  get empty(): boolean {
    return this.#members.length === 0 && this.#partitions.every((p) => !p.owner)
  }

  get partitions(): number {
    return this.#partitions.length
  }

  join(member: Member): void {
    this.#members.push(member)
    this.#scheduleSharing()
  }

  /** Takes the member out, revoking each of its partitions first. */
  async leave(member: Member): Promise<void> {
    this.#remove(member)
    const revocations = this.#partitions.map((held, i) => (held.owner === member ? this.#revoke(i, held) : undefined))
    await Promise.all(revocations)
  }

  /** Takes the member out as if its process had died: it is not asked, and its partitions are free at once. */
  drop(member: Member): void {
    this.#remove(member)
    for (const held of this.#partitions) if (held.owner === member) free(held)
    this.#scheduleSharing()
  }

  owns(member: Member, partition: number): boolean {
    return this.#partitions[partition]?.owner === member
  }

  #remove(member: Member): void {
    const at = this.#members.indexOf(member)
    if (at >= 0) this.#members.splice(at, 1)
  }

  /** In a turn of its own, so that a member has been given to its joiner before it is assigned anything. */
  #scheduleSharing(): void {
    if (this.#sharingDue) return
    this.#sharingDue = true
    this.#clock.soon(() => {
      this.#sharingDue = false
      this.#share()
    })
  }

  #share(): void {
    const owners = this.#partitions.map((held) => held.owner)
    const wanted = assignment(this.#members, owners)
    this.#partitions.forEach((held, i) => {
      const owner = wanted[i]
      if (held.owner === undefined && owner) {
        held.owner = owner
        owner.assigned(i)
      } else if (held.owner !== owner) void this.#revoke(i, held)
    })
  }

  #revoke(partition: number, held: Held): Promise<void> {
    const { owner } = held
    if (!owner) return Promise.resolve()
    held.revoking ??= this.#letGo(owner, partition).then(() => {
      owner.gone(partition)
      if (held.owner === owner) free(held)
      this.#scheduleSharing()
    })
    return held.revoking
  }

  /** Settles when the member has let go, or has been told that its time is over. */
  #letGo(owner: Member, partition: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.schedule(REVOKE_MS_MAX, () => {
        owner.listener.trouble(revokeError(`partition ${partition} was not let go within ${REVOKE_MS_MAX} ms`))
        resolve()
      })
      owner.listener
        .revoked(partition)
        .catch((error: unknown) => owner.listener.trouble(revokeError(messageOf(error), error)))
        .finally(() => {
          cancel()
          resolve()
        })
    })
  }
}

function free(held: Held): void {
  held.owner = undefined
  held.revoking = undefined
}

function revokeError(why: string, cause?: unknown): OperationalError {
  return new OperationalError('revoke-failed', why, { where: 'group', retriable: false, cause })
}
