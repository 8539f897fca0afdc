import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { eventData } from '../payload.js'
import { listen } from './listen.js'
import { CHANNEL, type Start } from './target.js'

/** Socket.IO with its adapter in memory; channels are rooms. */
export const start: Start = async ({ heartbeat }) => {
  const server = createServer()
  const io = new Server(server, { serveClient: false, pingInterval: heartbeat })
  io.on('connection', socket => {
    socket.on('join', (rooms: string[], done: () => void) => {
      socket.join(rooms)
      done()
    })
    socket.on('publish', (room: string, data: { n: string }, done: (id: string) => void) => {
      io.to(room).emit('event', data)
      done(data.n)
    })
  })
  return { port: await listen(server), publish: number => { io.to(CHANNEL).emit('event', eventData(number)) } }
}
