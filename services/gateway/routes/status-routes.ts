/** For those who run it: alive, ready, metrics. */
import { z } from 'zod'
import { ReadyAnswer } from '../../../shared/client/http-api.ts'
import { messageOf } from '../../../shared/message/errors.ts'
import type { App, Parts } from '../app.ts'

/** Adds `/healthz`, `/readyz` and `/metrics`. */
export function statusRoutes(app: App, { reads, registry, log, notReady }: Parts): void {
  app.get(
    '/healthz',
    { schema: { summary: 'Alive', tags: ['running'], response: { 200: z.object({ alive: z.boolean() }) } } },
    async () => ({ alive: true }),
  )

  app.get(
    '/readyz',
    {
      schema: {
        summary: 'Ready: the views answer, and commands can be written; and how far the views are',
        tags: ['running'],
        response: { 200: ReadyAnswer, 503: ReadyAnswer },
      },
    },
    async (_request, reply) => {
      try {
        const views = (await reads.checkpoints()).map(({ projection, partition, commands, at }) => ({
          projection,
          partition,
          commands: String(commands),
          appliedAt: at === 0 ? null : new Date(at).toISOString(),
        }))
        const reasons = [...notReady()]
        if (reasons.length === 0) return { ready: true, reasons, views }
        return reply.code(503).send({ ready: false, reasons, views })
      } catch (error) {
        log.warn('the views do not answer', { error: messageOf(error) })
        const reasons = ['the views do not answer', ...notReady()]
        return reply.code(503).send({ ready: false, reasons, views: [] })
      }
    },
  )

  app.get(
    '/metrics',
    { schema: { summary: 'Metrics, as Prometheus reads them', tags: ['running'], produces: ['text/plain'] } },
    async (_request, reply) => reply.header('content-type', registry.contentType).send(await registry.metrics()),
  )
}
