/** A registry's client in memory: knows what it is told, and can be away. Values are framed as JSON, and fit unless told otherwise. */
import type { Codec } from '../../shared/adapters/registry/registry-client.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import type { ValueSchema } from '../../shared/ports/value-schemas.ts'

export class FakeRegistry {
  isAway = false
  /** Questions that came, answered or not. */
  asked = 0
  readonly #subjects: string[]

  constructor(known: readonly string[] = []) {
    this.#subjects = [...known]
  }

  async refusalOf(): Promise<undefined> {}

  async idOf({ subject }: ValueSchema): Promise<number> {
    this.#answer()
    if (subject.startsWith('refused')) throw trouble('contract-refused', false)
    if (!this.#subjects.includes(subject)) this.#subjects.push(subject)
    return this.#subjects.indexOf(subject) + 1
  }

  async codecOf(id: number): Promise<Codec> {
    this.#answer()
    if (this.#subjects[id - 1] === undefined) throw trouble('schema-unknown', false)
    return {
      encode: (text) => (text.includes('misfit') ? undefined : Buffer.from(text)),
      decode(payload) {
        if (Buffer.from(payload).includes('misfit')) throw new TypeError('it does not fit')
        return payload.subarray(0)
      },
    }
  }

  #answer(): void {
    this.asked++
    if (this.isAway) throw trouble('registry-unreachable', true)
  }
}

function trouble(code: string, retriable: boolean): OperationalError {
  return new OperationalError(code, code, { where: 'registry', retriable })
}
