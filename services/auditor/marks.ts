/** What the headers of a partition's accepted batches say, one after another: S11 and S12. */
import type { AcceptedBatch, BatchHeader } from '../../shared/message/batch.ts'
import type { Findings } from './findings.ts'

const START = { number: 0, commands: 0n, replies: 0n, sentThrough: 0 }

type Marks = Pick<BatchHeader, 'number' | 'commands' | 'replies' | 'sentThrough'>

export class MarkAudit {
  #last: Marks = START
  /** Offsets that the marks passed, and no batch says what became of them. */
  unaccounted = 0n
  deadLettered = 0
  readonly #findings: Findings
  readonly #partition: number

  constructor(partition: number, findings: Findings) {
    this.#partition = partition
    this.#findings = findings
  }

  /** Marks of the newest batch. */
  get last(): Marks {
    return this.#last
  }

  take({ header, offset }: AcceptedBatch): void {
    const expect = (invariant: string, holds: boolean, message: string): void => {
      if (holds) return
      const where = { partition: this.#partition, offset: String(offset) }
      this.#findings.violation({ invariant, message: `batch ${header.number}: ${message}`, ...where })
    }
    const last = this.#last
    expect('S11', header.number === last.number + 1, `follows batch ${last.number}`)
    expect('S12', header.commands >= last.commands, `commands consumed went back to ${header.commands}`)
    expect('S12', header.replies >= last.replies, `replies consumed went back to ${header.replies}`)
    expect('S10', header.sentThrough >= last.sentThrough, `effects sent went back to batch ${header.sentThrough}`)
    expect('S10', header.sentThrough < header.number, `says that batch ${header.sentThrough} is sent, before it landed`)
    this.#takeInputs(header, expect)
    this.#last = header
  }

  /** Offsets may have holes, so that fewer inputs than offsets is possible, and more is not. */
  #takeInputs(header: BatchHeader, expect: (invariant: string, holds: boolean, message: string) => void): void {
    const grown = header.commands - this.#last.commands + (header.replies - this.#last.replies)
    const { applied, deadLettered, ignored } = header.inputs
    let inputs = applied + deadLettered
    for (const reason in ignored) inputs += ignored[reason] ?? 0
    expect('S12', grown < 0n || BigInt(inputs) <= grown, `${inputs} inputs of ${grown} offsets`)
    if (grown > BigInt(inputs)) this.unaccounted += grown - BigInt(inputs)
    this.deadLettered += deadLettered
  }
}
