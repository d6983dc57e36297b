/** The client of a registry's API, by its settings. */
import { Agent } from 'node:https'
import registryPackage from '@kafkajs/confluent-schema-registry'

const { SchemaRegistry, SchemaType, COMPATIBILITY } = registryPackage

export type Compatibility = keyof typeof COMPATIBILITY

export interface RegistrySettings {
  /** `http://...` or `https://...`, with the path of the API where it has one; no name or password in it. */
  readonly url: string
  readonly auth?: { readonly username: string; readonly password: string } | undefined
  /** Authorities to trust instead of the system's, PEM. */
  readonly ca?: string | undefined
  /** Set on subjects that are new; those that are there must have it. */
  readonly compatibility: Compatibility
  /** Whether schemas are registered, or must be there already. */
  readonly register: boolean
  /** How long one question may take; 5 s unless told otherwise. */
  readonly requestMs?: number
}

const REQUEST_MS = 5_000

/** As middlewares of the client's client have it. */
interface AnyRequest {
  enhance(extras: { readonly timeout: number }): AnyRequest
}

const limited = (timeout: number) => () => ({ request: async (request: AnyRequest) => request.enhance({ timeout }) })

/** The client of the registry's API. */
export function schemaRegistry({
  url,
  auth,
  ca,
  requestMs = REQUEST_MS,
}: RegistrySettings): InstanceType<typeof SchemaRegistry> {
  return new SchemaRegistry(
    {
      host: url.replace(/\/+$/, ''),
      retry: { retries: 0 },
      ...(auth && { auth }),
      ...(ca !== undefined && { agent: new Agent({ ca }) }),
      middlewares: [limited(requestMs) as never],
    },
    // Schemas of others may be of newer drafts; formats and unknown words are left to contracts.
    { [SchemaType.JSON]: { strict: false, validateFormats: false, validateSchema: false, logger: false } },
  )
}
