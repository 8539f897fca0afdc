/**
 * `POST {path}/publish`: the application's door for programs that hold no session (docs/protocol.md, section 5). What
 * comes in here goes the way of `app.realtime.publish`, so no policy, rule or rate of clients is asked: `authorize` is.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import type { Broker } from '../broker/broker.js'
import { refuseEvent } from '../broker/application-event.js'
import { BadRequestError, ForbiddenError, OriginError } from '../errors.js'
import { decodePublishes, Undecodable, type PublishBatch } from '../protocol/codec.js'
import { refusalCode } from '../protocol/error.js'
import type { ReplyMessage } from '../protocol/message.js'
import { arrived, openKey, type OpenRequests } from './open-requests.js'
import { originOf } from './origin.js'

/** What the endpoint is made of; `plugin.ts` hands it over. */
export interface PublishParts {
  readonly broker: Broker
  readonly requests: OpenRequests
  readonly path: string
  readonly origins: readonly string[]
  /** Hooks and settings of the host for the gateway's routes. */
  readonly route: RouteShorthandOptions
  /** Only `true` allows. */
  readonly authorize: (request: FastifyRequest) => boolean | Promise<boolean>
}

/** The endpoint, to be registered as a scope of its own: it takes JSON, and nothing else. */
export function publishEndpoint ({ broker, requests, path, origins, route, authorize }: PublishParts) {
  return async function scope (app: FastifyInstance): Promise<void> {
    app.decorateRequest(openKey, null)
    parseJsonAsText(app, broker.limits.httpBody)
    // JSON from a page of another host needs a preflight, and none is answered here: `origins` are those of clients.
    app.addHook('onRequest', (request, reply, done) => {
      if (originOf(request, origins) === 'foreign') return done(new OriginError(request.headers.origin))
      request[openKey] = requests.begin(request, reply)
      done()
    })
    app.addHook('onSend', (_request, reply, _payload, done) => {
      if (reply.statusCode >= 400) broker.counters.refuseRequest(reply.statusCode)
      done()
    })
    app.post(`${path}/publish`, route, async (request, reply) => {
      if (await authorize(request) !== true) throw new ForbiddenError()
      const { incoming, bare } = read(request, broker)
      const replies: ReplyMessage[] = []
      // One after the other, as those of a session: order is kept, and a slow history is not asked for all at once.
      for (const each of incoming) replies.push(await publish(each, broker))
      return send(reply, replies, bare, broker.closing)
    })
  }
}

// The text is read when it is known that its sender may publish, and by the codec.
function parseJsonAsText (scope: FastifyInstance, bodyLimit: number): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit }, (request, body, done) => {
    arrived(request)
    done(null, body)
  })
}

function read ({ body }: FastifyRequest, { limits }: Broker): PublishBatch {
  const batch = typeof body === 'string' ? decodePublishes(body, limits) : new Undecodable('A body is missing', true)
  if (batch instanceof Undecodable) throw new BadRequestError(batch.error)
  return batch
}

async function publish (incoming: PublishBatch['incoming'][number], broker: Broker): Promise<ReplyMessage> {
  if (incoming.operation === 'malformed') return refused(incoming.reply, incoming.reply.error, broker)
  const { channel, data, id, ext } = incoming.message
  const reply: ReplyMessage = { channel, successful: true, ...(id !== undefined && { id }) }
  const more = { ...(id !== undefined && { id }), ...(ext !== undefined && { ext }) }
  const kept = (replayId: number) => { reply.ext = { replayId } }
  const error = refuseEvent(broker, channel, data) ?? await broker.publish(channel, data, null, more, kept)
  return error === null ? reply : refused(reply, error, broker)
}

function refused (reply: ReplyMessage, error: string, { counters }: Broker): ReplyMessage {
  counters.refuse(error)
  return { ...reply, successful: false, error }
}

// Of a message that came alone, the status says how it went; of several, each answer does.
function send (reply: FastifyReply, replies: readonly ReplyMessage[], bare: boolean, closing: boolean): FastifyReply {
  const [first] = replies
  if (bare && first?.error !== undefined) reply.code(refusalCode(first.error))
  if (closing) reply.header('connection', 'close')
  return reply.type('application/json; charset=utf-8').header('cache-control', 'no-store').send(JSON.stringify(bare ? first : replies))
}
