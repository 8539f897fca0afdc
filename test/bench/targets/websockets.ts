import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { listen } from './listen.js'

/** A bare WebSocket server of `ws`: what all raw loops stand on. @returns its port */
export function accept (onSocket: (ws: WebSocket, socket: Socket) => void): Promise<number> {
  const server = createServer()
  const wss = new WebSocketServer({ server, perMessageDeflate: false })
  wss.on('connection', (ws, request) => onSocket(ws, request.socket))
  return listen(server)
}
