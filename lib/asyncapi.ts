/** The route of the AsyncAPI document. It tells of services, so the gateway's hooks run for it, and its own rule is asked. */
import type { FastifyInstance, RouteShorthandOptions } from 'fastify'
import { asyncapiOf, type Described } from './asyncapi/document.js'
import { ForbiddenError } from './errors.js'
import type { AsyncapiOptions } from './options/index.js'

type Told = Pick<Described, 'transports' | 'channels'> & {
  /** What may come and go is asked for each time. */
  readonly services: () => Described['services']
  readonly calls: () => Described['calls']
}

export function asyncapiRoute (path: string, route: RouteShorthandOptions, { info, authorize }: AsyncapiOptions, { services, calls, ...told }: Told) {
  return async function scope (app: FastifyInstance): Promise<void> {
    app.get(`${path}/asyncapi.json`, route, async (request, reply) => {
      if (authorize !== undefined && await authorize(request) !== true) throw new ForbiddenError()
      const document = asyncapiOf({ ...told, host: request.host, secure: request.protocol === 'https', path: app.prefix + path, info, services: services(), calls: calls() })
      return reply.type('application/json; charset=utf-8').header('cache-control', 'no-cache').send(JSON.stringify(document))
    })
  }
}
