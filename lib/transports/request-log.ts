import type { FastifyBaseLogger, FastifyRequest } from 'fastify'

type Serializer = (request: FastifyRequest) => any

// How pino names the serializers of a logger (`pino.symbols.serializersSym`).
const SERIALIZERS = Symbol.for('pino.serializers')

const otherwise: Serializer = ({ method, url }) => ({ method, url })

/**
 * Keeps what stands behind a `?` out of the host's log of requests: over callback-polling that is the messages, and
 * with an upgrade it may be a token. The host's own serializer says the rest.
 */
export function withoutQueries (log: FastifyBaseLogger): { req: Serializer } {
  const { req = otherwise } = (log as { [SERIALIZERS]?: { req?: Serializer } })[SERIALIZERS] ?? {}
  return { req: request => req(withoutQuery(request)) }
}

function withoutQuery (request: FastifyRequest): FastifyRequest {
  const [path] = request.url.split('?', 1)
  const value = { value: path }
  return Object.create(request, { url: value, originalUrl: value, query: { value: {} } })
}
