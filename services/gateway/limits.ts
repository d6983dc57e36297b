import { type ClaimRule, jsonLimitsFor } from '../../shared/message/claim.ts'

/** Limits of the gateway. Each can be set; these are the defaults. */
export interface GatewayLimits {
  readonly bodyBytesMax: number
  readonly jsonDepthMax: number
  readonly jsonKeysMax: number
  /** Changes (starts, signals, cancels, retries) of one caller on this machine. */
  readonly startsPerMinute: number
  readonly readsPerMinute: number
  /** Requests of one caller from elsewhere that nothing is known of. */
  readonly anonymousPerMinute: number
  readonly requestTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly handlerTimeoutMs: number
  readonly drainMsMax: number
  /** Requests that wait for a view at the same time. */
  readonly waitsMax: number
  readonly waitPollMs: number
  /** How long a fork waits for the views to show what became of it; then it is answered as taken. */
  readonly forkShownMsMax: number
  /** Starts that are remembered until the views show them. */
  readonly recentStartsMax: number
}

export const GATEWAY_LIMITS: GatewayLimits = {
  bodyBytesMax: 256 * 1024,
  jsonDepthMax: 64,
  jsonKeysMax: 10_000,
  startsPerMinute: 600,
  readsPerMinute: 6_000,
  anonymousPerMinute: 60,
  requestTimeoutMs: 30_000,
  headersTimeoutMs: 10_000,
  handlerTimeoutMs: 15_000,
  drainMsMax: 20_000,
  waitsMax: 200,
  waitPollMs: 25,
  forkShownMsMax: 2_000,
  recentStartsMax: 10_000,
}

/** Where large values are kept aside a body may have what the log takes as one value. */
export function gatewayLimitsFor(claims: ClaimRule | undefined): GatewayLimits {
  if (claims === undefined) return GATEWAY_LIMITS
  const { bytesMax, keysMax } = jsonLimitsFor(claims)
  return { ...GATEWAY_LIMITS, bodyBytesMax: bytesMax, jsonKeysMax: keysMax }
}
