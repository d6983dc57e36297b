/** A real server for tests and trials: one that runs and how to stop it, or why there is none. */

export interface RunningServer {
  readonly kind: 'running'
  /** `host:port` of Kafka, or the URL of a Postgres database. */
  readonly address: string
  /** Where it came from, for people: `environment`, `container`, `jars`, ... */
  readonly from: string
  readonly stop: () => Promise<void>
}

export interface AbsentServer {
  readonly kind: 'absent'
  readonly reason: string
}

export type Server = RunningServer | AbsentServer

/** One way to get a server: a server, or the reason why this way is closed on this machine. */
export type Source = () => Promise<RunningServer | string>

/** Tries the ways in order; a way that throws counts as closed, with its message as the reason. */
export async function firstServer(sources: readonly Source[]): Promise<Server> {
  const reasons: string[] = []
  for (const source of sources) {
    const found = await source().catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
    if (typeof found !== 'string') return found
    reasons.push(found)
  }
  return { kind: 'absent', reason: reasons.join('; ') }
}

/** A server that somebody else started and will stop. */
export function serverFromEnvironment(variable: string): Source {
  return async () => {
    const address = process.env[variable]
    if (address === undefined || address === '') return `${variable} is not set`
    return { kind: 'running', address, from: 'environment', stop: async () => {} }
  }
}
