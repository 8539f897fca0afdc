import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import type {} from '@fastify/websocket'
import type { WebSocket } from 'ws'
import type { Caller } from '../../types/index.js'
import type { Broker } from '../broker/broker.js'
import { OriginError } from '../errors.js'
import { callbackPolling, carriesMessages } from './callback-polling.js'
import { Callers } from './caller.js'
import { browserCookie, cookieKey, setCookie, type BrowserCookie, type UpgradeCookies } from './cookie.js'
import { allowOrigin, preflight } from './cors.js'
import { longPolling, parseBodies } from './long-polling.js'
import { openKey, type OpenRequests } from './open-requests.js'
import { originOf } from './origin.js'
import type { WebSockets } from './websockets.js'

/** What the routes are made of; `plugin.ts` hands it over. */
export interface RouteParts {
  readonly broker: Broker
  readonly sockets: WebSockets
  readonly requests: OpenRequests
  readonly path: string
  readonly transports: readonly string[]
  readonly origins: readonly string[]
  readonly upgradeCookies: UpgradeCookies
  /** Hooks and settings of the host for these routes, applied to GET, POST and upgrade alike. */
  readonly route: RouteShorthandOptions
  /** Told of each caller and the request behind it, for who needs to look at the request. */
  readonly introduce: (caller: Caller, request: FastifyRequest) => void
}

// CometD's client appends the type of the message, and a slash otherwise: all the same door.
const DOORS = ['', '/', '/handshake', '/connect', '/disconnect']
/** Where an upgrade keeps its response. */
const responseKey = Symbol('fastify-bayeux response')

declare module 'fastify' {
  interface FastifyRequest {
    [responseKey]: ServerResponse | null
  }
}

const PROBE = 'Bayeux 1.0: POST messages here, or open a WebSocket.\n'

/**
 * The one URL: GET probes, POST polls, an upgrade opens a WebSocket. To be registered as a scope of
 * its own, for its body parsers and hooks are not for the host's routes.
 */
export function routes (parts: RouteParts) {
  return async function scope (app: FastifyInstance): Promise<void> {
    const { broker, sockets, transports, route } = parts
    // As clients see it: below the prefix of the scope that the plugin was registered in.
    const path = app.prefix + parts.path
    const callers = new Callers(path)
    const introduced = (request: FastifyRequest, transport: string): Caller => {
      const caller = callers.callerOf(request, request[cookieKey] as BrowserCookie, transport)
      parts.introduce(caller, request)
      return caller
    }

    app.decorateRequest(cookieKey, null)
    app.decorateRequest(openKey, null)
    app.decorateRequest(responseKey, null)
    parseBodies(app, broker.limits.httpBody)
    // Hooks with callbacks, and one at each end: a promise a hook would cost more than the message.
    app.addHook('onRequest', (request, reply, done) => {
      const origin = originOf(request, parts.origins)
      if (origin === 'foreign') return done(new OriginError(request.headers.origin))
      if (origin === 'allowed') allowOrigin(request, reply)
      const cookie = request[cookieKey] = browserCookie(request.headers.cookie)
      const line = cookie.came ? null : setCookie(cookie.value, path, request.protocol === 'https', origin === 'allowed')
      if (request.ws) {
        request[responseKey] = reply.raw
        if (line !== null) parts.upgradeCookies.set(request.raw, line)
      } else {
        request[openKey] = parts.requests.begin(request, reply)
        if (line !== null) reply.header('set-cookie', line)
      }
      done()
    })
    app.addHook('onSend', (request, reply, _payload, done) => {
      if (reply.statusCode >= 400) broker.counters.refuseRequest(reply.statusCode)
      // An upgrade that a hook of the host answered before @fastify/websocket saw it: nobody reads its socket.
      const { upgrade } = request.raw as { upgrade?: boolean }
      if (upgrade === true && !request.ws) reply.raw.once('finish', () => request.raw.socket.destroySoon())
      done()
    })

    const handleCallback = callbackPolling(broker, parts.origins, request => introduced(request, 'callback-polling'))
    const handler = (request: FastifyRequest, reply: FastifyReply): unknown =>
      transports.includes('callback-polling') && carriesMessages(request)
        ? handleCallback(request)
        : reply.type('text/plain; charset=utf-8').header('cache-control', 'no-store').send(PROBE)
    const wsHandler = (ws: WebSocket, request: FastifyRequest) => {
      const response = request[responseKey]
      // The socket would keep the response, and with it the whole upgrade, for as long as it lives.
      if (response?.socket) response.detachSocket(response.socket)
      sockets.accept(ws, request.raw.socket, introduced(request, 'websocket'))
    }
    const upgrade = transports.includes('websocket') ? { wsHandler } : {}
    const handlePost = longPolling(broker, request => introduced(request, 'long-polling'))
    // A browser sends no credentials with a preflight: the host's hooks would refuse it, and with it all that follows.
    const { onRequest, preValidation, preHandler, ...hookless } = route
    const held = heldLongEnough(app, broker.config.timeout)

    const doors = ignoresTrailingSlash(app) ? DOORS.filter(door => door !== '/') : DOORS
    for (const door of doors.filter(door => door.length < 2)) app.route({ ...route, ...held, method: 'GET', url: parts.path + door, handler, ...upgrade })
    for (const door of doors) {
      const url = parts.path + door
      // A handshake by POST opens the way for every transport, so POST is there even without long-polling.
      app.route({ ...route, ...held, method: 'POST', url, handler: handlePost })
      app.route({ ...hookless, method: 'OPTIONS', url, handler: preflight })
      app.route({ ...route, method: ['PUT', 'PATCH', 'DELETE'], url, handler: refuseMethod })
    }
  }
}

function refuseMethod (_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.code(405).header('allow', 'GET, POST').send({ statusCode: 405, error: 'Method Not Allowed', message: 'Use GET or POST' })
}

// Such a host takes both for one route, and two of it for a mistake.
function ignoresTrailingSlash (app: FastifyInstance): boolean {
  const { ignoreTrailingSlash, routerOptions } = app.initialConfig as { ignoreTrailingSlash?: boolean, routerOptions?: { ignoreTrailingSlash?: boolean } }
  return ignoreTrailingSlash === true || routerOptions?.ignoreTrailingSlash === true
}

// A host's handlerTimeout would kill a held poll; without one, no timer is added to any request.
function heldLongEnough (app: FastifyInstance, timeout: number): RouteShorthandOptions {
  const { handlerTimeout = 0 } = app.initialConfig as { handlerTimeout?: number }
  return handlerTimeout > 0 ? { handlerTimeout: handlerTimeout + timeout } as RouteShorthandOptions : {}
}
