/** What a registry keeps under a subject, and what it says to a schema that is not registered yet. Nothing is written. */
import { OperationalError } from '../../message/errors.ts'
import type { ValueSchema } from '../../ports/value-schemas.ts'
import { type RegistrySettings, schemaRegistry } from './registry-api.ts'
import { registryTrouble } from './registry-trouble.ts'

export interface KeptSchema {
  readonly version: number
  readonly format: 'json' | 'avro' | 'other'
  readonly text: string
}

/** The client's own requests, which its types keep to itself. */
interface Requests {
  readonly Subject: Readonly<
    Record<'all' | 'version' | 'config' | 'compatible', (asked: unknown) => Promise<{ data(): unknown }>>
  >
}

const FORMATS: Readonly<Record<string, KeptSchema['format']>> = { JSON: 'json', AVRO: 'avro' }
/** A registry leaves the type of Avro out. */
const DEFAULT_TYPE = 'AVRO'

export class RegistrySubjects {
  readonly #settings: RegistrySettings
  readonly #requests: Requests

  constructor(settings: RegistrySettings) {
    this.#settings = settings
    this.#requests = (schemaRegistry(settings) as unknown as { readonly api: Requests }).api
  }

  /** @throws OperationalError `registry-unreachable` where no registry answers. */
  async list(): Promise<readonly string[]> {
    const found = await this.#ask('all', () => this.#requests.Subject.all({}))
    if (Array.isArray(found)) return found as string[]
    const message = 'what answers under its URL lists no subjects: it is no schema registry'
    throw new OperationalError('registry-unreachable', message, { where: 'registry', retriable: true })
  }

  /** The newest schema, or the one of that version. @throws OperationalError where the registry does not answer. */
  async kept(subject: string, version: number | 'latest' = 'latest'): Promise<KeptSchema | undefined> {
    const found = await this.#ask(subject, () => this.#requests.Subject.version({ subject, version }))
    if (!found) return undefined
    const { schemaType = DEFAULT_TYPE, schema, version: own } = found as Readonly<Record<string, never>>
    return { version: Number(own), format: FORMATS[schemaType] ?? 'other', text: String(schema) }
  }

  /** The subject's own rule, or the one that it would be given. */
  async levelOf(subject: string): Promise<string> {
    const found = await this.#ask(subject, () => this.#requests.Subject.config({ subject }))
    return String(
      (found as { compatibilityLevel?: string } | undefined)?.compatibilityLevel ?? this.#settings.compatibility,
    )
  }

  /** Whether the schema may follow on that version, by the registry's own rules; it may say why not. */
  async verdict(schema: ValueSchema, version: number): Promise<{ readonly compatible: boolean; readonly why: string }> {
    const { subject, text, format } = schema
    const body = { schema: text, ...(format === 'json' && { schemaType: 'JSON' }) }
    const found = await this.#ask(subject, () => this.#requests.Subject.compatible({ subject, version, body }))
    const { is_compatible: compatible = true, messages = [] } = (found ?? {}) as {
      is_compatible?: boolean
      messages?: string[]
    }
    return { compatible, why: messages.join('; ') }
  }

  /** `undefined`: there is none. */
  async #ask(subject: string, ask: () => Promise<{ data(): unknown }>): Promise<unknown> {
    try {
      return (await ask()).data()
    } catch (error) {
      const trouble = registryTrouble(error, { what: `the subject ${subject}`, write: false })
      if (trouble.code === 'schema-unknown') return undefined
      throw trouble
    }
  }
}
