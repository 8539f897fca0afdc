/** Who is compared: a server, and how its clients speak. */
import { BayeuxPoller, BayeuxSocket } from './clients/bayeux.js'
import type { Client, HttpPublisher, Join, PollClient, SocketClient } from './clients/client.js'
import { NodefonySocket } from './clients/nodefony.js'
import { PipeSocket, RawPoller, RawSocket } from './clients/raw.js'
import { SocketIoPoller, SocketIoSocket } from './clients/socket-io.js'
import { startServer, startWebsockify, type Measured } from './process.js'
import type { Settings } from './targets/target.js'

/** Us, somebody else's software, or a loop that does nothing but this work. */
export type Role = 'ours' | 'peer' | 'loop'

/** One side of a comparison. */
export interface Contender<Kind extends Client = Client, Server extends Measured = Measured> {
  readonly name: string
  readonly role: Role
  readonly start: (settings: Settings) => Promise<Server>
  readonly join: Join<Kind>
}

/** Where the gateway and its like are. */
export const PATH = '/realtime'
const WEBSOCKIFY_PORT = 46_731

function contender<Kind extends Client> (name: string, role: Role, target: string, join: Join<Kind>): Contender<Kind> {
  return { name, role, start: settings => startServer(target, settings), join }
}

export const sockets = {
  gateway: contender<SocketClient>('fastify-bayeux', 'ours', 'gateway', BayeuxSocket.at(PATH)),
  nodefony: contender<SocketClient>('fastify-bayeux (Nodefony dialect)', 'ours', 'gateway', NodefonySocket.at(PATH)),
  faye: contender<SocketClient>('Faye', 'peer', 'faye', BayeuxSocket.at(PATH)),
  socketIo: contender<SocketClient>('Socket.IO', 'peer', 'socket-io', SocketIoSocket.join),
  send: contender<SocketClient>('loop: ws.send', 'loop', 'loop-send', RawSocket.join),
  frame: contender<SocketClient>('loop: one frame', 'loop', 'loop-frame', RawSocket.join),
  joined: contender<SocketClient>('loop: joined writes', 'loop', 'loop-joined', RawSocket.join),
  matching: contender<SocketClient>('loop: matching, joined writes', 'loop', 'matching-loop', RawSocket.join),
  relaySend: contender<SocketClient>('loop: ws.send a line', 'loop', 'relay-send', RawSocket.join),
  relayJoined: contender<SocketClient>('loop: joined lines', 'loop', 'relay-joined', RawSocket.join),
  websockify: {
    name: 'websockify (Python, no envelope)', role: 'peer', join: PipeSocket.join, start: settings => startWebsockify(WEBSOCKIFY_PORT, settings.backend)
  } satisfies Contender<SocketClient> as Contender<SocketClient>,
  fastify: contender<SocketClient>('Fastify WebSocket', 'loop', 'fastify-websocket', RawSocket.join)
}

export const pollers = {
  gateway: contender<PollClient>('fastify-bayeux', 'ours', 'gateway', BayeuxPoller.at(PATH)),
  faye: contender<PollClient>('Faye', 'peer', 'faye', BayeuxPoller.at(PATH)),
  cometd: contender<PollClient>('cometd-nodejs-server', 'peer', 'cometd', BayeuxPoller.at('/')),
  socketIo: contender<PollClient>('Socket.IO', 'peer', 'socket-io', SocketIoPoller.join),
  http: contender<PollClient>('parked node:http', 'loop', 'parked-http', RawPoller.join),
  fastify: contender<PollClient>('parked Fastify route', 'loop', 'parked-fastify', RawPoller.join)
}

export const publishers = {
  gateway: contender<HttpPublisher>('fastify-bayeux', 'ours', 'gateway', BayeuxPoller.publishingAt(PATH)),
  faye: contender<HttpPublisher>('Faye', 'peer', 'faye', BayeuxPoller.publishingAt(PATH)),
  fastify: contender<HttpPublisher>('Fastify route', 'loop', 'parked-fastify', RawPoller.join)
}
