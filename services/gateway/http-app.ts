/** Puts the HTTP app together: parser, headers, rates, schemas, routes, errors. It listens nowhere yet. */
import Fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Log } from '../../shared/ports/telemetry.ts'
import type { App, Parts } from './app.ts'
import { refuseForeignPages } from './callers.ts'
import { problemOf, RETRY_AFTER_S } from './classify-error.ts'
import { takeJson } from './json-body.ts'
import { lingerAfterLast } from './linger.ts'
import { NotHttp } from './not-http.ts'
import { addOpenapi, openapiRoute } from './openapi.ts'
import { pageRoutes } from './page.ts'
import { Problem, problemBody } from './problem.ts'
import { addHeaders, addRates, BARE_HEADERS } from './protection.ts'
import { RecentStarts } from './recent-starts.ts'
import { actRoutes } from './routes/act-routes.ts'
import { bulkRoutes } from './routes/bulk-routes.ts'
import { commandRoutes } from './routes/command-routes.ts'
import { deadLetterRoutes } from './routes/dead-letter-routes.ts'
import { explainRoute } from './routes/explain-route.ts'
import { forkRoute } from './routes/fork-route.ts'
import { letterEditRoutes } from './routes/letter-edit-routes.ts'
import { lockRoutes } from './routes/lock-routes.ts'
import { operatorRoutes } from './routes/operator-routes.ts'
import { participantRoutes } from './routes/participant-routes.ts'
import { readRoutes } from './routes/read-routes.ts'
import { startRoute } from './routes/start-route.ts'
import { statusRoutes } from './routes/status-routes.ts'
import { timerRoutes } from './routes/timer-routes.ts'
import { ViewWaits } from './view-waits.ts'

/** Longest part of a path: an id, with its characters escaped. */
const PARAM_CHARS_MAX = 600

function answerProblem(error: unknown, reply: FastifyReply, log: Log): FastifyReply {
  const problem = problemOf(error)
  const { id } = reply.request
  // A view that is behind is what its reader asked about, and a full disk is told where it is written to.
  if (problem.status >= 500 && problem.status !== 504 && problem.status !== 507)
    log.error('a request failed', { id, code: problem.code, error })
  if (problem.status === 503 || problem.status === 507) reply.header('retry-after', RETRY_AFTER_S)
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problemBody(problem, String(id)))
}

function bareApp({ limits, ids, log }: Parts, notHttp: NotHttp): App {
  return Fastify({
    logger: false,
    frameworkErrors: (error, _request, reply) => answerProblem(error, reply.headers(BARE_HEADERS), log),
    clientErrorHandler: notHttp.refuse,
    genReqId: () => ids.next(),
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: limits.requestTimeoutMs,
    handlerTimeout: limits.handlerTimeoutMs,
    keepAliveTimeout: limits.headersTimeoutMs,
    http: { headersTimeout: limits.headersTimeoutMs, connectionsCheckingInterval: 1_000 },
    forceCloseConnections: 'idle',
    trustProxy: false,
    routerOptions: { maxParamLength: PARAM_CHARS_MAX },
  })
    .setValidatorCompiler(validatorCompiler)
    .setSerializerCompiler(serializerCompiler)
    .withTypeProvider<ZodTypeProvider>()
}

function answerErrors(app: App, log: Log): void {
  app.setErrorHandler<FastifyError>((error, _request, reply) => answerProblem(error, reply, log))
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request, reply) =>
    answerProblem(
      new Problem(404, 'no-such-route', `${request.method} leads nowhere here; see /openapi.json`),
      reply,
      log,
    ),
  )
}

function measure(app: App, { metrics, log }: Parts): void {
  app.addHook('onResponse', async (request: FastifyRequest, reply) => {
    const { method } = request
    const route = request.routeOptions.url ?? 'none'
    metrics.count('kasaga_http_requests_total', { method, route, status: reply.statusCode })
    metrics.observe('kasaga_http_request_ms', reply.elapsedTime, { method, route })
    log.debug('answered', { id: request.id, method, route, status: reply.statusCode, ms: reply.elapsedTime })
  })
}

/** While it closes, what waits answers with what it has, and no connection is kept after its answer. */
function drain(app: App, waits: ViewWaits): void {
  app.addHook('preClose', async () => waits.close())
  app.addHook('onSend', async (_request, reply) => {
    if (waits.closing) reply.header('connection', 'close')
  })
}

/** The app, ready to listen or to be asked by `inject`. Closing it first lets what waits for a view answer. */
export async function httpApp(parts: Parts, options: { readonly anonymous: boolean }): Promise<App> {
  const notHttp = new NotHttp(parts.ids)
  const app = bareApp(parts, notHttp)
  notHttp.watch(app)
  lingerAfterLast(app)
  const waits = new ViewWaits(parts)
  const recent = new RecentStarts(parts.limits.recentStartsMax)
  drain(app, waits)
  measure(app, parts)
  takeJson(app, parts.limits)
  await addHeaders(app)
  await addRates(app, parts.limits)
  await addOpenapi(app)
  if (!options.anonymous) app.addHook('onRequest', async (request) => refuseForeignPages(request))
  answerErrors(app, parts.log)
  startRoute(app, parts, recent)
  readRoutes(app, parts, waits)
  explainRoute(app, parts)
  actRoutes(app, parts, recent)
  lockRoutes(app, parts)
  forkRoute(app, parts, { recent, waits })
  participantRoutes(app, parts)
  operatorRoutes(app, parts)
  bulkRoutes(app, parts)
  timerRoutes(app, parts)
  commandRoutes(app, parts)
  deadLetterRoutes(app, parts)
  letterEditRoutes(app, parts)
  statusRoutes(app, parts)
  openapiRoute(app)
  pageRoutes(app, parts, options.anonymous)
  await app.ready()
  return app
}
