/** The OpenAPI document, made from the schemas that the routes check with. */
import swagger from '@fastify/swagger'
import { jsonSchemaTransform } from 'fastify-type-provider-zod'
import type { App } from './app.ts'

/** Prepares the document; to be called before the routes are added. */
export async function addOpenapi(app: App): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Kasaga',
        version: '1.0.0',
        description:
          'Starts, shows and steers sagas. Changes are written to the log and answered with their place in it; reads ' +
          'come from the views, and may ask to be at least as far as a place. Errors are RFC 9457 problems.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'sagas', description: 'Sagas' },
        { name: 'participants', description: 'How hard participants are asked' },
        { name: 'running', description: 'For those who run it' },
      ],
    },
    transform: jsonSchemaTransform,
  })
}

/** Adds `/openapi.json`. */
export function openapiRoute(app: App): void {
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}
