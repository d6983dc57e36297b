/** Who may ask: without authentication only this machine, unless the operator said otherwise in so many words. */
import type { FastifyRequest } from 'fastify'
import { Problem } from './problem.ts'

/** Whether an address to listen on, or a caller's address, is this machine. A caller that has hung up has none. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false
  const bare = address.replace(/^\[|\]$/g, '').toLowerCase()
  return bare === 'localhost' || bare === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(bare)
}

const HOST_WITH_PORT = /^(\[[0-9a-f:]+\]|[^:]+)(:\d+)?$/i

/**
 * Refuses what a web page elsewhere could make a browser send here: a name that was made to point at this machine, and
 * changes from another site. Only where no authentication stands in front.
 */
export function refuseForeignPages(request: Pick<FastifyRequest, 'headers' | 'method'>): void {
  const host = HOST_WITH_PORT.exec(request.headers.host ?? '')?.[1] ?? ''
  if (!isLoopback(host)) throw new Problem(403, 'foreign-host', 'this gateway answers to localhost only')
  const changes = request.method !== 'GET' && request.method !== 'HEAD'
  if (changes && isFromAnotherSite(request.headers))
    throw new Problem(403, 'foreign-site', 'a page of another site may not change anything here')
}

/** As the browser says it: every one names the origin of a change, newer ones also how it stands to this site. */
function isFromAnotherSite({ origin, host, 'sec-fetch-site': site }: FastifyRequest['headers']): boolean {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  return origin !== undefined && origin !== `http://${host}`
}
