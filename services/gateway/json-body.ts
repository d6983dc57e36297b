/** The body parser: the one decoder for JSON from outside, instead of the framework's own. */
import { parseJson } from '../../shared/message/json.ts'
import type { App } from './app.ts'
import type { GatewayLimits } from './limits.ts'
import { Problem } from './problem.ts'

/** Lets the app take `application/json`, and nothing else. */
export function takeJson(app: App, limits: GatewayLimits): void {
  const own = { bytesMax: limits.bodyBytesMax, depthMax: limits.jsonDepthMax, keysMax: limits.jsonKeysMax }
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    const parsed = parseJson(body, own)
    if (parsed.kind === 'ok') return done(null, parsed.value)
    const status = parsed.fault === 'too-large' ? 413 : 400
    done(new Problem(status, parsed.fault, `the body cannot be used: ${parsed.message}`))
  })
}
