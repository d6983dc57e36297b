/** Members of a group before a coordinator in memory, that take their time to let go, lose their way to it, and die. */
import { GroupMembership } from '../../shared/adapters/kafka/group-membership.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { FakeGroup } from './fake-group.ts'

export class GroupMemberInWorld {
  readonly name: string
  readonly membership: GroupMembership
  /** What it was told: `assigned 3`, `revoking 3`, `revoked 3`. */
  readonly journal: string[] = []
  /** Assigned, and not let go of to the end. */
  readonly held = new Set<number>()
  readonly reach = { away: false }
  /** How long it takes to let go of a partition. */
  releaseMs = 0
  /** Its process is gone: nothing that it believes counts. */
  isDead = false

  constructor(name: string, world: GroupWorld) {
    this.name = name
    this.membership = new GroupMembership({
      group: 'g',
      topics: ['t'],
      partitions: world.partitions,
      link: world.group.link(this.reach),
      log: noLog,
      assigned: (partition) => {
        this.journal.push(`assigned ${partition}`)
        world.assigned(this, partition)
        this.held.add(partition)
      },
      revoked: async (partition) => {
        this.journal.push(`revoking ${partition}`)
        await new Promise((resolve) => setTimeout(resolve, this.releaseMs))
        this.held.delete(partition)
        this.journal.push(`revoked ${partition}`)
      },
      trouble() {},
    })
  }

  /** Partitions that it may work on, as far as it knows. */
  get owned(): number[] {
    return [...this.held].filter((partition) => this.membership.holds(partition)).sort((a, b) => a - b)
  }
}

export class GroupWorld {
  readonly partitions: number
  readonly group = new FakeGroup()
  readonly members: GroupMemberInWorld[] = []
  /** What must not be: a partition given to one while another has it and knows of no reason why not. */
  readonly faults: string[] = []

  constructor(partitions: number) {
    this.partitions = partitions
  }

  get alive(): readonly GroupMemberInWorld[] {
    return this.members.filter(({ isDead }) => !isDead)
  }

  join(): GroupMemberInWorld {
    const member = new GroupMemberInWorld(`p${this.members.length + 1}`, this)
    this.members.push(member)
    member.membership.start()
    return member
  }

  async leave(member: GroupMemberInWorld): Promise<void> {
    await member.membership.leave()
    member.isDead = true
  }

  /** Ends its process: nobody is told. */
  kill(member: GroupMemberInWorld): void {
    member.isDead = true
    member.reach.away = true
    void member.membership.leave()
  }

  assigned(to: GroupMemberInWorld, partition: number): void {
    for (const other of this.alive) {
      if (other !== to && other.owned.includes(partition))
        this.faults.push(`${partition} was given to ${to.name} while ${other.name} had it`)
    }
  }

  /** Every partition is at just one member, and shares differ by one at most. */
  get isShared(): boolean {
    const shares = this.alive.map(({ owned }) => owned)
    const sizes = shares.map(({ length }) => length)
    const all = shares.flat().sort((a, b) => a - b)
    return (
      all.length === this.partitions &&
      all.every((partition, i) => partition === i) &&
      Math.max(...sizes) - Math.min(...sizes) <= 1
    )
  }

  async close(): Promise<void> {
    for (const member of this.members) {
      member.reach.away = true
      member.releaseMs = 0
    }
    const leaving = this.members.map(({ membership }) => membership.leave())
    this.group.close()
    await Promise.all(leaving)
  }
}
