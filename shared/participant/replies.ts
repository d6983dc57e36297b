/** Writes what is answered to commands, and counts it. */
import { type ReplyContent, replyRecord } from '../message/command-record.ts'
import { H } from '../message/headers.ts'
import { headerOf } from '../message/record.ts'
import type { Clock } from '../ports/clock.ts'
import type { Metrics } from '../ports/telemetry.ts'
import type { Outgoing, Publisher } from './publisher.ts'
import type { ReceivedCommand } from './received-command.ts'

export interface ReplyPorts {
  readonly clock: Clock
  readonly metrics: Metrics
  readonly publisher: Publisher
  /** Name of the participant, which tells `ce_source` of the replies. */
  readonly participant: string
}

type Asked = Pick<ReceivedCommand<never>, 'record' | 'replyTo'>

export class Replies {
  readonly #ports: ReplyPorts

  constructor(ports: ReplyPorts) {
    this.#ports = ports
  }

  /** The answer to a command; published by the worker. */
  answer(command: Asked, content: ReplyContent): Outgoing {
    this.#count(content)
    return this.#outgoing(command, { content, part: 'reply' })
  }

  /** Tells a command's progress, once. Answers true when it is durable. */
  async tellProgress(command: Asked, body: string): Promise<boolean> {
    const content = { outcome: 'progress', body } as const
    const outgoing = this.#outgoing(command, { content, part: `progress/${this.#ports.clock.now()}` })
    const isDurable = await this.#ports.publisher.tell(outgoing)
    if (isDurable) this.#count(content)
    return isDurable
  }

  #outgoing({ record: source, replyTo }: Asked, { content, part }: { content: ReplyContent; part: string }): Outgoing {
    const id = `${headerOf(source, H.id) ?? ''}/${part}`
    const record = replyRecord(source, content, {
      id,
      at: this.#ports.clock.now(),
      source: `/participant/${this.#ports.participant}`,
    })
    return { kind: 'reply', topic: replyTo, record, source }
  }

  #count({ outcome }: ReplyContent): void {
    const { metrics, participant } = this.#ports
    metrics.count('kasaga_participant_replies_total', { participant, outcome })
  }
}
