import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../../types/index.js'
import type { Broker } from '../broker/broker.js'
import { BadRequestError, OriginError } from '../errors.js'
import { decodeForm, Undecodable } from '../protocol/codec.js'
import { Exchange } from './exchange.js'
import { openKey, type OpenRequest } from './open-requests.js'

const DEFAULT_CALLBACK = 'jsonpcallback'
const CALLBACK = /^[A-Za-z0-9_$.]{1,64}$/

interface Query {
  readonly message?: string | readonly string[]
  readonly jsonp?: string | readonly string[]
}

/** Whether a GET carries messages, and is no probe. */
export function carriesMessages (request: FastifyRequest): boolean {
  return (request.query as Query).message !== undefined
}

/**
 * The handler of `GET ?message=…&jsonp=NAME` (docs/protocol.md, section 5): for pages that can do nothing
 * but load scripts. Any page can load a script, with cookies and without an `Origin`, so it is off by
 * default, and the word of the browser about where the request came from is heard.
 */
export function callbackPolling (broker: Broker, origins: readonly string[], callerOf: (request: FastifyRequest) => Caller) {
  return function handleGet (request: FastifyRequest): void {
    if (!mayLoad(request, origins)) throw new OriginError(request.headers.referer ?? 'of the script')
    const { message = [], jsonp = DEFAULT_CALLBACK } = request.query as Query
    if (typeof jsonp !== 'string' || !CALLBACK.test(jsonp)) throw new BadRequestError('400::The name of the callback may have letters, digits and _ $ .')
    const batch = decodeForm([message].flat() as string[], broker.limits)
    if (batch instanceof Undecodable) throw new BadRequestError(batch.error)
    const write = (reply: FastifyReply, text: string) => {
      reply.type('text/javascript; charset=utf-8')
        .headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
        .send(`/**/${jsonp}(${escapeLineEnds(text)});`)
    }
    const { incoming } = batch
    const exchange = new Exchange(request[openKey] as OpenRequest, broker, callerOf(request), incoming.length, false, write)
    if (incoming.length === 0) exchange.finish()
    else broker.receive(batch, exchange)
  }
}

function mayLoad ({ headers }: FastifyRequest, origins: readonly string[]): boolean {
  if (headers['sec-fetch-site'] !== 'cross-site') return true
  const page = headers.referer
  return origins.includes('*') || (page !== undefined && URL.canParse(page) && origins.includes(new URL(page).origin))
}

// JSON may hold two characters that old engines take for line ends inside a script.
function escapeLineEnds (json: string): string {
  return json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
}
