/** Headers of every answer, and how often a caller may ask. */
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import type { App } from './app.ts'
import { isLoopback } from './callers.ts'
import type { GatewayLimits } from './limits.ts'
import { Problem } from './problem.ts'

const SELF = ["'self'"]

/** Of an answer to what never came as far as a route, where no plugin adds any. */
export const BARE_HEADERS = {
  'content-security-policy': "default-src 'none';base-uri 'none';frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
} as const

/** Adds the security headers. */
export async function addHeaders(app: App): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: SELF,
        styleSrc: SELF,
        connectSrc: SELF,
        fontSrc: SELF,
        imgSrc: [...SELF, 'data:'],
        formAction: ["'none'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    frameguard: { action: 'deny' },
    // The gateway itself speaks plain HTTP; whoever puts TLS in front says how long it is to be kept.
    strictTransportSecurity: false,
  })
}

function changes(request: FastifyRequest): boolean {
  return request.method !== 'GET' && request.method !== 'HEAD'
}

function allowed(request: FastifyRequest, limits: GatewayLimits): number {
  if (!isLoopback(request.ip)) return limits.anonymousPerMinute
  return changes(request) ? limits.startsPerMinute : limits.readsPerMinute
}

/** Callers that are counted at the same time; the one not heard of for longest is forgotten first. */
const CALLERS_MAX = 10_000

/** Adds the limits on rates: changes and reads are counted apart. */
export async function addRates(app: App, limits: GatewayLimits): Promise<void> {
  await app.register(rateLimit, {
    global: true,
    timeWindow: 60_000,
    cache: CALLERS_MAX,
    keyGenerator: (request) => `${changes(request) ? 'changes' : 'reads'} ${request.ip}`,
    max: (request) => allowed(request, limits),
    errorResponseBuilder: (_request, { after, max }) =>
      new Problem(429, 'too-many-requests', `at most ${max} such requests a minute; try again in ${after}`),
  })
}
