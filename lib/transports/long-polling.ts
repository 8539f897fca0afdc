import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Broker } from '../broker/broker.js'
import { BadRequestError, MediaTypeError } from '../errors.js'
import { decode, decodeForm, Undecodable } from '../protocol/codec.js'
import type { Caller } from '../../types/index.js'
import { Exchange } from './exchange.js'
import { arrived, openKey, type OpenRequest } from './open-requests.js'

/**
 * The bodies that a POST may bring: JSON stays text, a form becomes the texts of its `message` fields
 * (docs/protocol.md, section 5). Messages are checked by us, never by a schema of the route.
 * @param scope a scope of its own: the host's parsers are not touched
 */
export function parseBodies (scope: FastifyInstance, bodyLimit: number): void {
  scope.removeAllContentTypeParsers()
  const options = { parseAs: 'string' as const, bodyLimit }
  scope.addContentTypeParser(['application/json', 'text/json'], options, (request, body: string, done) => {
    arrived(request)
    done(null, body)
  })
  scope.addContentTypeParser('application/x-www-form-urlencoded', options, (request, body: string, done) => {
    arrived(request)
    done(null, fields(body))
  })
  // Faye's cross-origin transport avoids a preflight by this type.
  scope.addContentTypeParser('text/plain', options, (request, body: string, done) => {
    arrived(request)
    if (body.startsWith('message=')) done(null, fields(body))
    else done(new MediaTypeError(request.headers['content-type']))
  })
}

function fields (body: string): string[] {
  return new URLSearchParams(body).getAll('message')
}

/**
 * The handler of `POST`: every message is answered in one response, a lone connect when there is
 * something to say. It gives nothing back: a reply given back is a promise to Fastify, watched at a price.
 * @param callerOf makes the caller of a request
 */
export function longPolling (broker: Broker, callerOf: (request: FastifyRequest) => Caller) {
  return function handlePost (request: FastifyRequest): void {
    const { body } = request
    const batch = typeof body === 'string'
      ? decode(body, broker.limits)
      : Array.isArray(body) ? decodeForm(body as string[], broker.limits) : new Undecodable('A body is missing', true)
    if (batch instanceof Undecodable) throw new BadRequestError(batch.error)
    // A held poll would keep its text.
    request.body = null
    const { incoming, bare } = batch
    const exchange = new Exchange(request[openKey] as OpenRequest, broker, callerOf(request), incoming.length, bare)
    if (incoming.length === 0) exchange.finish()
    else broker.receive(batch, exchange)
  }
}
