/** What the calls of the gateway's clients are made of. */
import type { ZodType } from 'zod'

export interface ActCall {
  readonly reason: string
  readonly actor?: string
  readonly requestId?: string
}

export type Call = <T>(path: string, schema: ZodType<T>) => Promise<T>
export type Change = <T>(path: string, schema: ZodType<T>, asked: Changing) => Promise<T>

export interface Changing {
  readonly body: unknown
  readonly requestId?: string
  readonly method?: 'POST' | 'PUT' | 'DELETE'
}

/** The part of an address behind the path; empty when nothing is given. */
export function query(values: object): string {
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) if (value !== undefined) given.set(name, String(value))
  return given.size === 0 ? '' : `?${given}`
}
